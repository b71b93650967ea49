# Writes OUTPUT, a source with the bytes of FILES (paths below BASE) as gatehouse::NAME_files().

set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  file(READ ${BASE}/${file} hex HEX)
  # A literal of \x escapes would end where the language's limit for literals is; an array does not.
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n"
                       bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char bytes_${number}[] = {\n${bytes}0};\n")
  string(APPEND rows "    {\"${file}\", text(bytes_${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUTPUT}
"#include \"gatehouse/base/embedded_file.hpp\"

namespace gatehouse {
namespace {

${arrays}
// Without the zero that ends each array, so that an empty file has one too.
template <std::size_t Size>
std::string_view text(unsigned char const (&bytes)[Size]) {
  return {reinterpret_cast<char const*>(bytes), Size - 1};
}

}  // namespace

std::span<base::embedded_file const> ${NAME}_files();
std::span<base::embedded_file const> ${NAME}_files() {
  static base::embedded_file const files[] = {
${rows}  };
  return files;
}

}  // namespace gatehouse
")
