#include "gateway/cli/parser_walk.h"

namespace hetao::cli {

namespace {

void collect(const CLI::App& app, const std::string& path, std::vector<CommandAt>& out) {
  out.push_back({path, &app});
  for (const CLI::App* sub : app.get_subcommands(nullptr))
    collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), out);
}

std::vector<const CLI::Option*> options_of(const CLI::App& command, bool by_place) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() == by_place) out.push_back(option);
  }
  return out;
}

}  // namespace

std::vector<CommandAt> all_commands(const CLI::App& program) {
  std::vector<CommandAt> out;
  collect(program, "", out);
  return out;
}

std::vector<const CLI::Option*> flags_of(const CLI::App& command) {
  return options_of(command, false);
}

std::vector<const CLI::Option*> places_of(const CLI::App& command) {
  return options_of(command, true);
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

std::string value_name(const CLI::Option& option) {
  if (!takes_value(option)) return {};
  const std::string type = option.get_type_name();
  const std::string name = type.substr(0, type.find(':'));
  return name.empty() ? "VALUE" : name;
}

std::string value_choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t colon = type.find(":{");
  return colon == std::string::npos ? std::string() : type.substr(colon + 1);
}

}  // namespace hetao::cli
