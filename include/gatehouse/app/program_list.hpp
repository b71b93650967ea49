#pragma once
// What stands at the address of a directory of programs, where no program answers for it: the list
// of those among its first limits::offered_files entries, for whoever has dropped some there.
// Clients of other machines are not to learn which there are, and get the 404.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/files/listing.hpp"
#include "gatehouse/http/handler.hpp"

namespace gatehouse::app {

class program_list final : public http::handler {
 public:
  // programs: answers all requests below the prefix. directory: where it finds them. interpreted:
  // the extensions that an --interpreter is named for.
  program_list(std::unique_ptr<http::handler> programs, std::string prefix,
               std::filesystem::path directory, std::vector<std::string> interpreted);

  base::task<http::outcome> handle(http::request const& request, http::body_source& request_body,
                                   http::exchange_context& context) override;

 private:
  files::listing entries_below(std::string const& path) const;

  std::unique_ptr<http::handler> programs_;
  std::string prefix_;
  std::filesystem::path directory_;
  std::vector<std::string> interpreted_;
};

}  // namespace gatehouse::app
