#include "gateway/api/audit_access.h"

#include <map>

#include "gateway/api/audit_filter.h"
#include "gateway/api/backend.h"

namespace hetao::api {

namespace {

constexpr Duration kSameLookWithin = Duration::seconds(60);
constexpr size_t kLooksKept = 4'096;

}  // namespace

void note_access(const Context& c, const std::string& what) {
  static std::map<std::string, Instant> looks;  // the io thread's alone
  if (!c.query.get("cursor").empty() || c.caller.ledger_name.empty()) return;
  const std::string filters = filter_line(c.query);
  const std::string line = filters.empty() ? what : what + " " + filters;
  const Instant now = c.backend.now();
  const std::string key = c.caller.ledger_name + " " + line;
  const auto last = looks.find(key);
  if (last != looks.end() && now - last->second < kSameLookWithin) return;
  if (looks.size() > kLooksKept) looks.clear();
  looks[key] = now;
  c.backend.note("audit-access", c.caller.ledger_name, line, {});
}

}  // namespace hetao::api
