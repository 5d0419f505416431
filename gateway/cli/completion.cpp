// hetao completion bash|zsh: what the shell needs to complete commands and options, made from the parser
// itself.
#include <set>

#include "gateway/cli/command.h"

namespace hetao::cli {

namespace {

struct CompletionOptions {
  std::string shell;
};

void collect(const CLI::App& app, const std::string& path, std::string& out) {
  std::set<std::string> words;
  for (const CLI::App* sub : app.get_subcommands(nullptr)) words.insert(sub->get_name());
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.insert("--" + name);
  }
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  out += "    '" + path + "') words='" + line + "' ;;\n";
  for (const CLI::App* sub : app.get_subcommands(nullptr))
    collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), out);
}

std::string bash_script(const CLI::App& app) {
  std::string cases;
  collect(app, "", cases);
  return "# bash completion for hetao; load with: source <(hetao completion bash)\n"
         "_hetao() {\n"
         "  local path='' words='' i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i]} in -*) ;; *) path=\"${path:+$path }${COMP_WORDS[i]}\" ;; esac\n"
         "  done\n"
         "  while :; do\n"
         "  case $path in\n" +
         cases +
         "  esac\n"
         "  [ -z \"$words\" ] && [ -n \"$path\" ] || break\n"
         "  case $path in *' '*) path=${path% *} ;; *) path='' ;; esac\n"
         "  done\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _hetao hetao\n";
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
        if (o.shell == "zsh") context.print("autoload -U +X bashcompinit && bashcompinit");
        context.print(bash_script(app));
        return 0;
      });
}

}  // namespace hetao::cli
