// The JSON forms of what this room answers, as interfaces.md has them. Pure; never throws.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/diagnostic.h"
#include "gateway/base/json.h"
#include "policy/diff.h"
#include "policy/explain.h"
#include "policy/lint.h"
#include "policy/policy.h"
#include "policy/tests_runner.h"

namespace hetao::policy {

// {"decision","rules","obligations","reason"}, and "unknown": [...] where unknown attributes made it a hold.
json::object to_json(const Decision& decision);
// The decision's members; "why" and "matching": rules with title and basis; "changes", "gave_up".
json::object to_json(const Explanation& explanation);
// {"changed","cases":[{"when","from","to","example"}],"gave_up","cases_total"}.
json::object to_json(const Diff& diff);
// {"findings":[{"severity","code","rule","file","line","column","message","hint"}]}.
json::object to_json(const std::vector<Finding>& findings);
json::object to_json(const TestReport& report);
json::object to_json(const Diagnostics& diagnostics);

struct LineAnswer {
  std::string line;  // JSON, without a line feed
  bool ok = false;   // false: the line was malformed and `line` is {"error":{...}}
};

enum class Answers { kDecision, kExplanation };

// `hetao policy decide`: one request of standard input to one line of standard output. "id" is echoed.
LineAnswer decide_line(const Policy& policy, std::string_view line, Date today,
                       Answers answers = Answers::kDecision);

}  // namespace hetao::policy
