// hetao completion bash|zsh: what the shell needs to complete commands and options, made from the parser
// itself.
#include <set>

#include "gateway/cli/command.h"
#include "gateway/cli/parser_walk.h"

namespace hetao::cli {

namespace {

struct CompletionOptions {
  std::string shell;
};

// Global options may stand anywhere: each command has them too.
std::vector<const CLI::Option*> flags_at(const CLI::App& program, const CLI::App& command) {
  std::vector<const CLI::Option*> out = flags_of(command);
  if (&command == &program) return out;
  for (const CLI::Option* option : flags_of(program)) {
    if (!option->check_lname("help") && !option->check_lname("version")) out.push_back(option);
  }
  return out;
}

// "--gateway|--ca|-o": options after which a value follows, which is no command.
std::string names_with_values(const CLI::App& program) {
  std::set<std::string> names;
  for (const CommandAt& at : all_commands(program)) {
    for (const CLI::Option* option : flags_of(*at.app)) {
      if (!takes_value(*option)) continue;
      for (const std::string& name : option->get_lnames()) names.insert("--" + name);
      for (const std::string& name : option->get_snames()) names.insert("-" + name);
    }
  }
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : "|") + name;
  return out;
}

std::string bash_cases(const CLI::App& program) {
  std::string out;
  for (const CommandAt& at : all_commands(program)) {
    std::set<std::string> words;
    for (const CLI::App* sub : at.app->get_subcommands(nullptr)) words.insert(sub->get_name());
    for (const CLI::Option* option : flags_at(program, *at.app)) {
      for (const std::string& name : option->get_lnames()) words.insert("--" + name);
    }
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
    out += "    '" + at.path + "') words='" + line + "' ;;\n";
  }
  return out;
}

std::string bash_script(const CLI::App& program) {
  return "# bash completion for hetao; load with: source <(hetao completion bash)\n"
         "_hetao() {\n"
         "  local path='' words='' i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i]} in\n"
         "    " +
         names_with_values(program) +
         ") ((++i)) ;;\n"
         "    -*) ;;\n"
         "    *) path=\"${path:+$path }${COMP_WORDS[i]}\" ;;\n"
         "    esac\n"
         "  done\n"
         "  ((i > COMP_CWORD)) && return\n"
         "  while :; do\n"
         "  case $path in\n" +
         bash_cases(program) +
         "  esac\n"
         "  [ -z \"$words\" ] && [ -n \"$path\" ] || break\n"
         "  case $path in *' '*) path=${path% *} ;; *) path='' ;; esac\n"
         "  done\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _hetao hetao\n";
}

// One 'name:what it is' of zsh's _describe, quoted.
std::string zsh_entry(const std::string& name, const std::string& what) {
  std::string out = "'";
  const auto add = [&out](const std::string& text, bool is_name) {
    for (const char c : text) {
      if (c == '\'') {
        out += "'\\''";
      } else if (c == '\\' || (c == ':' && is_name)) {
        out += std::string("\\") + c;
      } else {
        out += c == '\n' ? ' ' : c;
      }
    }
  };
  add(name, true);
  out += ':';
  add(what, false);
  return out + "'";
}

std::string zsh_cases(const CLI::App& program) {
  std::string out;
  for (const CommandAt& at : all_commands(program)) {
    std::string commands;
    for (const CLI::App* sub : at.app->get_subcommands(nullptr))
      commands += " " + zsh_entry(sub->get_name(), sub->get_description());
    std::string options;
    for (const CLI::Option* option : flags_at(program, *at.app)) {
      for (const std::string& name : option->get_lnames())
        options += " " + zsh_entry("--" + name, option->get_description());
      for (const std::string& name : option->get_snames())
        options += " " + zsh_entry("-" + name, option->get_description());
    }
    out += "      ('" + at.path + "')\n        commands=(" + commands + " )\n        options=(" + options +
           " ) ;;\n";
  }
  return out;
}

std::string zsh_script(const CLI::App& program) {
  return "#compdef hetao\n"
         "# zsh completion for hetao: lies in a folder of $fpath as _hetao, or: source <(hetao completion "
         "zsh)\n"
         "_hetao() {\n"
         "  local at='' word value=0\n"
         "  local -a commands options\n"
         "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
         "    if (( value )); then value=0; continue; fi\n"
         "    case $word in\n"
         "      (" +
         names_with_values(program) +
         ") value=1 ;;\n"
         "      (-*) ;;\n"
         "      (*) at=\"${at:+$at }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  if (( value )); then _files; return; fi\n"
         "  while true; do\n"
         "    case $at in\n" +
         zsh_cases(program) +
         "      (*)\n"
         "        if [[ $at == *' '* ]]; then at=${at% *}; else at=''; fi\n"
         "        continue ;;\n"
         "    esac\n"
         "    break\n"
         "  done\n"
         "  if [[ ${words[CURRENT]} == -* ]]; then\n"
         "    _describe -o option options\n"
         "  elif (( ${#commands} )); then\n"
         "    _describe command commands\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "if [[ ${funcstack[1]} == _hetao ]]; then _hetao \"$@\"; else compdef _hetao hetao; fi\n";
}

}  // namespace

void add_completion(Program& program) {
  const Context& context = program.context;
  CLI::App& app = program.app;
  add_command<CompletionOptions>(
      app, program.chosen, "completion", "a completion script for bash or zsh",
      [](CLI::App& command, CompletionOptions& o) {
        command.add_option("SHELL", o.shell, "bash or zsh")
            ->required()
            ->check(CLI::IsMember({"bash", "zsh"}));
      },
      [&context, &app](const CompletionOptions& o) {
        std::string script = o.shell == "zsh" ? zsh_script(app) : bash_script(app);
        script.pop_back();
        context.print(script);
        return 0;
      });
}

}  // namespace hetao::cli
