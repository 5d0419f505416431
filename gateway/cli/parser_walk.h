// The parser, as data: for what is made from it, so that it can't differ (completion, manuals).
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <vector>

namespace hetao::cli {

// A command and the words that lead to it: "" for the program itself, "job logs".
struct CommandAt {
  std::string path;
  const CLI::App* app = nullptr;
};

// The program and every command below it, parents first.
std::vector<CommandAt> all_commands(const CLI::App& program);

// Options that begin with a dash, and those that are told by their place.
std::vector<const CLI::Option*> flags_of(const CLI::App& command);
std::vector<const CLI::Option*> places_of(const CLI::App& command);

bool takes_value(const CLI::Option& option);
// What stands for its value: "FILE"; and what it may be: "{bash,zsh}", or empty.
std::string value_name(const CLI::Option& option);
std::string value_choices(const CLI::Option& option);

}  // namespace hetao::cli
