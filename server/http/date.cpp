#include "gatehouse/http/date.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace gatehouse::http {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> long_days = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes a date apart from the left. Each step says whether the text went on as it must.
class date_reader {
 public:
  explicit date_reader(std::string_view text) : text_(text) {}

  bool literal(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }

  bool digits(std::size_t count, int& value) {
    if (text_.size() < count) return false;
    value = 0;
    for (char const c : text_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(count);
    return true;
  }

  bool short_day() {
    return std::any_of(long_days.begin(), long_days.end(),
                       [&](auto const& day) { return literal(day.substr(0, 3)); });
  }

  bool long_day() {
    return std::any_of(long_days.begin(), long_days.end(),
                       [&](auto const& day) { return literal(day); });
  }

  bool month(int& value) {
    for (std::size_t i = 0; i < months.size(); ++i) {
      if (literal(months[i])) {
        value = static_cast<int>(i) + 1;
        return true;
      }
    }
    return false;
  }

  // date3 = month SP ( 2DIGIT / ( SP 1DIGIT ) )
  bool padded_day(int& value) { return literal(" ") ? digits(1, value) : digits(2, value); }

  // time-of-day = hour ":" minute ":" second
  bool time_of_day(int& hour, int& minute, int& second) {
    return digits(2, hour) && literal(":") && digits(2, minute) && literal(":") &&
           digits(2, second);
  }

  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

struct civil_time {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

// Second 60 is a leap second (RFC 9110, 5.6.7) and counts as the next minute's first.
std::optional<sys_seconds> to_time(civil_time const& t) {
  year_month_day const date{year(t.year), month(static_cast<unsigned>(t.month)),
                            day(static_cast<unsigned>(t.day))};
  if (!date.ok() || t.hour > 23 || t.minute > 59 || t.second > 60) return std::nullopt;
  return sys_days(date) + hours(t.hour) + minutes(t.minute) + seconds(t.second);
}

// IMF-fixdate = day-name "," SP day SP month SP year SP time-of-day SP GMT
std::optional<sys_seconds> parse_imf_fixdate(std::string_view text) {
  date_reader in(text);
  civil_time t;
  bool const sound = in.short_day() && in.literal(", ") && in.digits(2, t.day) && in.literal(" ") &&
                     in.month(t.month) && in.literal(" ") && in.digits(4, t.year) &&
                     in.literal(" ") && in.time_of_day(t.hour, t.minute, t.second) &&
                     in.literal(" GMT") && in.at_end();
  return sound ? to_time(t) : std::nullopt;
}

// rfc850-date = day-name-l "," SP day "-" month "-" 2DIGIT SP time-of-day SP GMT
std::optional<sys_seconds> parse_rfc850_date(std::string_view text, sys_seconds now) {
  date_reader in(text);
  civil_time t;
  bool const sound = in.long_day() && in.literal(", ") && in.digits(2, t.day) && in.literal("-") &&
                     in.month(t.month) && in.literal("-") && in.digits(2, t.year) &&
                     in.literal(" ") && in.time_of_day(t.hour, t.minute, t.second) &&
                     in.literal(" GMT") && in.at_end();
  if (!sound) return std::nullopt;
  // The latest year with these two digits that is not more than 50 years ahead.
  auto const midnight = floor<days>(now);
  year_month_day const today(midnight);
  auto const horizon = sys_days(today + years(50)) + (now - midnight);
  t.year += static_cast<int>(today.year()) / 100 * 100 + 100;
  for (int centuries = 0; centuries < 3; ++centuries, t.year -= 100) {
    auto const candidate = to_time(t);
    if (candidate && *candidate <= horizon) return candidate;
  }
  return std::nullopt;
}

// asctime-date = day-name SP date3 SP time-of-day SP year
std::optional<sys_seconds> parse_asctime_date(std::string_view text) {
  date_reader in(text);
  civil_time t;
  bool const sound = in.short_day() && in.literal(" ") && in.month(t.month) && in.literal(" ") &&
                     in.padded_day(t.day) && in.literal(" ") &&
                     in.time_of_day(t.hour, t.minute, t.second) && in.literal(" ") &&
                     in.digits(4, t.year) && in.at_end();
  return sound ? to_time(t) : std::nullopt;
}

// Four digits are all that the format has for a year.
sys_seconds within_four_digit_years(sys_seconds when) {
  constexpr sys_seconds first = sys_days(year(0) / January / 1);
  constexpr sys_seconds last = sys_days(year(10000) / January / 1) - seconds(1);
  return std::clamp(when, first, last);
}

}  // namespace

std::string format_date(sys_seconds when) {
  when = within_four_digit_years(when);
  auto const midnight = floor<days>(when);
  year_month_day const date(midnight);
  hh_mm_ss const time(when - midnight);
  auto const day_name = long_days[weekday(midnight).c_encoding()].substr(0, 3);
  auto const month_name = months[static_cast<unsigned>(date.month()) - 1];
  char text[64];
  std::snprintf(text, sizeof text, "%.3s, %02u %.3s %04d %02d:%02d:%02d GMT", day_name.data(),
                static_cast<unsigned>(date.day()), month_name.data(), static_cast<int>(date.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

std::optional<sys_seconds> parse_date(std::string_view text, sys_seconds now) {
  if (auto const date = parse_imf_fixdate(text)) return date;
  if (auto const date = parse_rfc850_date(text, now)) return date;
  return parse_asctime_date(text);
}

}  // namespace gatehouse::http
