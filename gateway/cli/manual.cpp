// hetao manual: manual pages (man(7)), made from the parser itself. One page for the program and one for each
// of its commands, with what stands below it, as `man hetao-submit` finds it.
#include <filesystem>

#include "gateway/cli/command.h"
#include "gateway/cli/parser_walk.h"

namespace hetao::cli {

namespace {

struct ManualOptions {
  std::string command;
  std::string folder;
};

// Text as roff reads it: dashes that can be searched for, nothing that begins a request.
std::string roff(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else {
      out += c;
    }
    at_start = c == '\n';
  }
  return out;
}

std::string bold(std::string_view text) {
  return "\\fB" + roff(text) + "\\fR";
}
std::string slanted(std::string_view text) {
  return "\\fI" + roff(text) + "\\fR";
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string names_of(const CLI::Option& option) {
  std::string out;
  const auto add = [&](const std::string& name) { out += (out.empty() ? "" : ", ") + bold(name); };
  for (const std::string& name : option.get_snames()) add("-" + name);
  for (const std::string& name : option.get_lnames()) add("--" + name);
  if (takes_value(option)) out += " " + slanted(value_name(option));
  return out;
}

std::string about(const CLI::Option& option) {
  std::string out = roff(option.get_description());
  const auto add = [&](const std::string& more) { out += (out.empty() ? "" : "; ") + more; };
  if (const std::string choices = value_choices(option); !choices.empty())
    add("one of " + roff(std::string_view(choices).substr(1, choices.size() - 2)));
  if (!option.get_default_str().empty()) add("default " + roff(option.get_default_str()));
  if (!option.get_envname().empty()) add("else from " + bold(option.get_envname()));
  if (option.get_required() && !option.get_positional()) add("required");
  return out.empty() ? "\\&" : out;
}

std::string synopsis(const CommandAt& at) {
  std::string out = bold("hetao" + (at.path.empty() ? "" : " " + at.path));
  if (!flags_of(*at.app).empty()) out += " [" + slanted("OPTIONS") + "]";
  if (!at.app->get_subcommands(nullptr).empty()) return out + " " + slanted("COMMAND") + " ...";
  for (const CLI::Option* place : places_of(*at.app)) {
    const bool many = place->get_items_expected_max() > 1;
    const std::string name = slanted(place->get_name(true)) + (many ? "..." : "");
    out += place->get_required() ? " " + name : " [" + name + "]";
  }
  return out;
}

std::string options(const CLI::App& app) {
  std::string out;
  for (const CLI::Option* place : places_of(app))
    out += ".TP\n" + slanted(place->get_name(true)) + "\n" + about(*place) + "\n";
  for (const CLI::Option* flag : flags_of(app)) out += ".TP\n" + names_of(*flag) + "\n" + about(*flag) + "\n";
  return out;
}

std::string page_name(const std::string& command) {
  return command.empty() ? "hetao" : "hetao-" + command;
}

std::string head(const std::string& command, const std::string& what) {
  const std::string name = page_name(command);
  return ".TH " + roff(upper(name)) + " 1 \"\" \"hetao " + HETAO_VERSION + "\" \"Hetao\"\n.SH NAME\n" +
         roff(name) + " \\- " + roff(what) + "\n.SH SYNOPSIS\n";
}

constexpr const char* kExitStatus =
    ".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage, 3 forbidden by policy, 4 held for review, 5 not "
    "found, "
    "6 verification failed, 7 not authenticated or not allowed, 8 gateway unreachable.\n";

std::string program_page(const CLI::App& program) {
  std::string out = head("", "client of Hetao gateways, for every role") + synopsis({"", &program}) +
                    "\n.SH DESCRIPTION\n" + roff(program.get_description()) +
                    "\nEvery command has a page of its own: " + bold("man hetao-submit") +
                    ".\n.SH COMMANDS\n";
  for (const CLI::App* sub : program.get_subcommands(nullptr))
    out += ".TP\n" + bold(sub->get_name()) + "\n" + roff(sub->get_description()) + "\n";
  out += ".SH OPTIONS\nThey may stand before or after the command.\n" + options(program) + kExitStatus;
  return out +
         ".SH ENVIRONMENT\n.TP\n\\fBHETAO_TOKEN\\fR\nthe bearer token, unless a file is named\n"
         ".TP\n\\fBHETAO_GATEWAY\\fR, \\fBHETAO_CA\\fR\nwhere no option says it\n"
         ".TP\n\\fBNO_COLOR\\fR\nno colours\n";
}

std::string command_page(const CLI::App& program, const CLI::App& command) {
  const std::string& name = command.get_name();
  std::string usage;
  std::string rest;
  for (const CommandAt& at : all_commands(program)) {
    if (at.path != name && !at.path.starts_with(name + " ")) continue;
    if (!at.app->get_subcommands(nullptr).empty()) continue;
    usage += (usage.empty() ? "" : "\n.br\n") + synopsis(at);
    rest +=
        (at.app == &command ? "" : ".SS " + roff(at.path) + "\n" + roff(at.app->get_description()) + "\n") +
        options(*at.app);
  }
  return head(name, command.get_description()) + usage + "\n.SH OPTIONS\n" + rest + kExitStatus +
         ".SH SEE ALSO\n" + bold("hetao") + "(1), for the options that every command takes\n";
}

int write_pages(const Context& context, const CLI::App& program, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto write = [&](const std::string& command, const std::string& page) {
    return write_file(folder + "/" + page_name(command) + ".1", page);
  };
  if (auto done = write("", program_page(program)); !done) return report(context, done.error());
  for (const CLI::App* sub : program.get_subcommands(nullptr)) {
    if (auto done = write(sub->get_name(), command_page(program, *sub)); !done)
      return report(context, done.error());
  }
  return 0;
}

int show_page(const Context& context, const CLI::App& program, const std::string& command) {
  std::string page = command.empty() ? program_page(program) : std::string();
  for (const CLI::App* sub : program.get_subcommands(nullptr)) {
    if (sub->get_name() == command) page = command_page(program, *sub);
  }
  if (page.empty())
    return report(context, Error{ErrorCode::kUsage, "manual", "there is no command " + command,
                                 "`hetao --help` lists them"});
  page.pop_back();
  context.print(page);
  return 0;
}

}  // namespace

void add_manual(Program& program) {
  const Context& context = program.context;
  CLI::App& app = program.app;
  add_command<ManualOptions>(
      app, program.chosen, "manual", "the manual page of a command, for man(1)",
      [](CLI::App& command, ManualOptions& o) {
        command.add_option("COMMAND", o.command, "of which; else of the program itself");
        command.add_option("-o,--output", o.folder, "write every page into this folder");
      },
      [&context, &app](const ManualOptions& o) {
        return o.folder.empty() ? show_page(context, app, o.command) : write_pages(context, app, o.folder);
      });
}

}  // namespace hetao::cli
