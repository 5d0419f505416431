// The parts of `hetao policy` that talk to a gateway, and the packs that they send there.
#pragma once

#include <string>
#include <vector>

#include "gateway/cli/command.h"

namespace hetao::cli {

void add_policy_life(CLI::App& group,
                     Program& program);  // propose, show, approve, reject, withdraw, activate, history
void add_policy_replay(CLI::App& group, Program& program);  // simulate, shadow, counters, warnings
void add_policy_bundle(CLI::App& group, Program& program);  // key, bundle, fetch

// {"files": {…}} of a folder, {"bundle": "…"} of a bundle's file. Mistakes of a folder are reported with
// their places before anything is sent: `exit_code` is then what to end with.
struct PackBody {
  json::object body;
  int exit_code = 0;
};
PackBody pack_body(const Context& context, const std::string& pack);

// Posts it: testing, comparing and replaying a large pack takes its time.
Result<json::value> post_pack(const Context& context, const std::string& target, const json::value& body);

// What a check of the gateway found, for people: tests, lint, the difference with its weight in history.
void print_report(const Context& context, const json::object& report);
// `hetao policy diff NEW`: the same, without keeping anything.
int diff_with_active(const Context& context, const std::string& pack);

}  // namespace hetao::cli
