// The commands of `hetao`: each file adds its own to the parser and says what to run. A command returns the
// exit code.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>

#include "gateway/cli/context.h"

namespace hetao::cli {

// What was chosen on the command line.
struct Chosen {
  std::function<int()> run;
};

// Everything that a command's file needs to add it. Values that options are read into live as long as the
// Program.
struct Program {
  CLI::App& app;
  Context& context;
  Chosen& chosen;
};

void add_submit(Program& program);                        // submit, explain
void add_jobs(Program& program);                          // jobs, job show/wait/cancel/logs
void add_results(Program& program);                       // results list/get
void add_data(Program& program);                          // data register/show/list/retire
void add_data_access(Program& program, CLI::App& group);  // … request/requests/grant/refuse/revoke/withdraw
void add_project(Program& program);                       // project begin/list/show/accept/…
void add_review(Program& program);                        // review list/show/approve/reject
void add_policy(Program& program);                        // policy lint/test/decide/diff/…
void add_audit(Program& program);                         // audit search/show/export/verify/reconcile
void add_audit_verify(Program& program, CLI::App& group);
void add_audit_unpack(Program& program, CLI::App& group);
void add_audit_reconcile(Program& program, CLI::App& group);
void add_audit_check(Program& program, CLI::App& group);    // … verify/reconcile
void add_audit_people(Program& program, CLI::App& group);   // … person list/show/…, statement
void add_audit_holds(Program& program, CLI::App& group);    // … hold list/place/lift
void add_audit_witness(Program& program, CLI::App& group);  // … witnesses/resolve/rotate-key
void add_certs(Program& program);                           // certs init/issue/sign/rotate/revoke/status
void add_token(Program& program);                           // token key/issue/jwks
void add_status(Program& program);                          // status, peers, capacity, usage
void add_usage(Program& program);                           // usage
void add_mechanism(Program& program);                       // mechanism list/file/withdraw
void add_offers(Program& program);                          // offers list/publish/withdraw
void add_inspect(Program& program);                         // inspect
void add_completion(Program& program);                      // completion bash|zsh
void add_manual(Program& program);                          // manual

// A subcommand that runs `action` with options of its own kept alive. `Options` must be
// default-constructible.
template <class Options>
CLI::App* add_command(CLI::App& parent, Chosen& chosen, const std::string& name, const std::string& what,
                      const std::function<void(CLI::App&, Options&)>& describe,
                      const std::function<int(const Options&)>& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(name, what);
  describe(*command, *options);
  command->callback(
      [&chosen, options, action] { chosen.run = [options, action] { return action(*options); }; });
  return command;
}

// A parent of subcommands, of which one must be named.
CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& what);

// Answers that the command is not available yet (exit 1).
int not_yet(const Context& context, const std::string& command);

}  // namespace hetao::cli
