#pragma once
// The steps of an explanation (explanation.hpp) that are about an application in memory. Pure.

#include "gatehouse/show/text_page.hpp"
#include "gatehouse/trace/recording.hpp"

namespace gatehouse::show {

// Whether it answers by itself, and not as what runs a file.
bool stands_for_script(trace::recording const& of);

// What answers, and how it is kept. Nothing where a program is started.
void show_application(text_page& out, trace::recording const& of);

// How it was asked, and what went over.
void show_question(text_page& out, trace::recording const& of);

// What it has raised, and how its worker ended, if it did.
void show_trouble(text_page& out, trace::recording const& of);

}  // namespace gatehouse::show
