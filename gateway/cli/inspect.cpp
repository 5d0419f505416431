// hetao inspect: the egress scanner, offline.
#include "gateway/cli/command.h"

namespace hetao::cli {

void add_inspect(Program& program) {
  const Context& context = program.context;
  CLI::App* command = program.app.add_subcommand("inspect", "not available yet");
  command->allow_extras();
  command->callback([&chosen = program.chosen, &context] {
    chosen.run = [&context] { return not_yet(context, "inspect"); };
  });
}

}  // namespace hetao::cli
