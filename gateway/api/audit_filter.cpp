#include "gateway/api/audit_filter.h"

#include "gateway/api/handlers.h"
#include "gateway/base/text.h"

namespace hetao::api {

namespace {

constexpr const char* kTexts[] = {"kind", "job",      "crossing",  "who",  "tenant",      "dataset",
                                  "peer", "decision", "direction", "rule", "item_digest", "text"};

Result<std::optional<Instant>> time_query(const Query& query, const char* name) {
  const std::string text = query.get(name);
  if (text.empty()) return std::optional<Instant>();
  // A day is that day in Shenzhen and Hong Kong.
  const auto time = parse_date(text) ? parse_rfc3339(text + "T00:00:00+08:00") : parse_rfc3339(text);
  if (!time) {
    return fail(ErrorCode::kUsage, "parameter " + std::string(name), "is no time",
                "such as 2026-11-23T08:00:00+08:00, or 2026-11-23 (+08:00)");
  }
  return time;
}

}  // namespace

const std::vector<std::string>& filter_names() {
  static const std::vector<std::string> kAll = [] {
    std::vector<std::string> all(std::begin(kTexts), std::end(kTexts));
    all.insert(all.end(), {"user", "since", "until", "bytes_min", "bytes_max"});
    return all;
  }();
  return kAll;
}

Result<ledger::EntryQuery> read_filter(const Context& c) {
  ledger::EntryQuery filter;
  std::string* const into[] = {&filter.kind,      &filter.job,     &filter.crossing,    &filter.who,
                               &filter.tenant,    &filter.dataset, &filter.peer,        &filter.decision,
                               &filter.direction, &filter.rule,    &filter.item_digest, &filter.text};
  for (size_t i = 0; i < std::size(kTexts); ++i) *into[i] = c.query.get(kTexts[i]);
  const auto since = time_query(c.query, "since");
  if (!since) return fail(since.error());
  const auto until = time_query(c.query, "until");
  if (!until) return fail(until.error());
  filter.since = *since;
  filter.until = *until;
  for (const auto& [name, bound] :
       {std::pair{"bytes_min", &filter.bytes_min}, std::pair{"bytes_max", &filter.bytes_max}}) {
    const auto value = number_query(c.query, name, 0, int64_t{1} << 53U, -1);
    if (!value) return fail(value.error());
    if (*value >= 0) *bound = *value;
  }
  const std::string user = c.query.get("user");
  if (user.empty()) return filter;
  if (filter.tenant.empty() || !filter.who.empty())
    return fail(ErrorCode::kUsage, "parameter user", "is a name within a tenant",
                "give tenant too, and not who");
  const auto known = c.backend.known_person(filter.tenant, user);
  filter.who = known.value_or("nobody");
  return filter;
}

std::string filter_line(const Query& query) {
  std::string line;
  for (const auto& [name, value] : query.fields()) {
    if (name == "limit" || name == "cursor" || name == "order") continue;
    // Whom somebody looked for is personal data too.
    line += (line.empty() ? "" : " ") + name + "=" + (name == "user" ? "…" : readable(value, 200));
  }
  return line;
}

}  // namespace hetao::api
