#include "gatehouse/cgi/warm_start.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "../temporary_directory.hpp"

using namespace gatehouse;

namespace {

bool takes(std::string_view name, std::vector<std::string> const& flags) {
  return cgi::template_kind_named(name).takes(flags);
}

}  // namespace

TEST_CASE("a template takes only flags that mean the same for it") {
  CHECK(takes("python3", {}));
  CHECK(takes("python3", {"-u"}));
  CHECK(takes("python3", {"-uE"}));
  CHECK(takes("python3", {"-I", "-W", "error", "-O"}));
  CHECK(takes("python3", {"-Werror"}));
  CHECK_FALSE(takes("python3", {"-W"}));
  CHECK_FALSE(takes("python3", {"-u -E"}));  // one word, which the kernel does not split
  CHECK_FALSE(takes("python3", {"-i"}));
  CHECK_FALSE(takes("python3", {"-x"}));
  CHECK_FALSE(takes("python3", {"-X", "importtime"}));
  CHECK_FALSE(takes("python3", {"-m", "module"}));
  CHECK_FALSE(takes("python3", {"other.py"}));
  CHECK_FALSE(takes("python3", {"-"}));
  CHECK(takes("perl", {"-w"}));
  CHECK(takes("perl", {"-W", "-X"}));
  CHECK_FALSE(takes("perl", {"-T"}));
  CHECK_FALSE(takes("perl", {"-wT"}));
  CHECK_FALSE(takes("perl", {"-n"}));
  CHECK_FALSE(takes("perl", {"-Ilib"}));
}

TEST_CASE("the text of each template is part of the program") {
  CHECK(cgi::template_kind_named("python3").text.find("class Template") != std::string_view::npos);
  CHECK(cgi::template_kind_named("perl").text.find("package Gatehouse") != std::string_view::npos);
}

TEST_CASE("why a script never starts warm is told in a few words") {
  struct row {
    std::string first_line;
    std::string why;
  };
  row const rows[] = {
      {"#!/usr/bin/python3", ""},
      {"#!/usr/bin/env python3", ""},
      {"#!/usr/bin/python3 -i", "no template has the flags of its #! line"},
      {"#!/bin/sh", "--warm does not name sh, which its #! line does"},
      {"#!/usr/bin/env -i python3", "its #! line tells env(1) more than a program and its words"},
      {"hello", "it has no #! line"},
  };
  tests::temporary_directory const directory;
  for (row const& r : rows) {
    CAPTURE(r.first_line);
    auto const file = directory.path() / "script";
    std::ofstream(file) << r.first_line << "\n";
    CHECK(process::why_no_template(file.native(), {cgi::template_kind_named("python3")}) == r.why);
  }
}
