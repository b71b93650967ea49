#include "gatehouse/process/hash_bang.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gatehouse::process;

namespace {

std::string told(std::string_view beginning) {
  auto const line = parse_hash_bang(beginning);
  return line ? line->interpreter + "|" + line->argument : "none";
}

std::string words(std::string_view beginning) {
  auto const line = parse_hash_bang(beginning);
  auto const found = line ? words_of(*line) : std::nullopt;
  if (!found) return "none";
  auto out = found->name;
  for (auto const& flag : found->flags) out += "|" + flag;
  return out;
}

}  // namespace

TEST_CASE("a #! line is read as the kernel reads it") {
  CHECK(told("#!/bin/sh\nrest") == "/bin/sh|");
  CHECK(told("#! \t/usr/bin/python3 \t -u  -E \nrest") == "/usr/bin/python3|-u  -E");
  CHECK(told("#!/usr/bin/env python3\n") == "/usr/bin/env|python3");
  CHECK(told("#!/bin/sh\r\n") == "/bin/sh\r|");
  CHECK(told("#!/bin/sh") == "none");  // no end of the line
  CHECK(told("#!\n") == "none");
  CHECK(told("# !/bin/sh\n") == "none");
  CHECK(told("") == "none");
  CHECK(told("#!" + std::string(300, 'x') + "\n") == "none");
  CHECK(told(std::string_view("#!/bin/s\0h\n", 11)) == "none");
}

TEST_CASE("the words of a #! line lead to an interpreter, also through env") {
  CHECK(words("#!/usr/bin/python3\n") == "python3");
  CHECK(words("#!/usr/bin/perl -w -T\n") == "perl|-w -T");  // one word, as the kernel gives it
  CHECK(words("#!/usr/bin/env python3\n") == "python3");
  CHECK(words("#!/usr/bin/env /opt/bin/python3\n") == "python3");
  CHECK(words("#!/usr/bin/env -S python3 -u -W error\n") == "python3|-u|-W|error");
  CHECK(words("#!/usr/bin/env python3 -u\n") == "none");
  CHECK(words("#!/usr/bin/env -S A=1 python3\n") == "none");
  CHECK(words("#!/usr/bin/env -S 'python3'\n") == "none");
  CHECK(words("#!/usr/bin/env -i python3\n") == "none");
  CHECK(words("#!/usr/bin/env\n") == "none");
}
