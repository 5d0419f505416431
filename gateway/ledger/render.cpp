#include "gateway/ledger/render.h"

#include <algorithm>

#include "gateway/base/json.h"
#include "gateway/base/markup.h"
#include "gateway/base/text.h"

namespace hetao::ledger {

namespace {

std::string joined(const std::vector<std::string>& parts) {
  return join(parts, " ");
}

std::string cell(std::string_view text) {
  std::string out = "\"";
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

bool is_finding(const Entry& entry) {
  return entry.kind == kind::kForkRefused || entry.kind == kind::kPeerFault ||
         entry.kind == "witness-alarm" || entry.kind == "mismatch";
}

struct Class {
  int64_t uid;
  const char* name;
  int64_t category;
  int64_t activity;
};

Class class_of(const Entry& entry) {
  if (is_finding(entry)) return {2004, "Detection Finding", 2, 1};
  if (entry.kind == kind::kDeparted) return {6006, "File Hosting Activity", 6, 1};
  if (entry.kind == kind::kArrived) return {6006, "File Hosting Activity", 6, 2};
  if (entry.kind == kind::kRecalled || entry.kind == kind::kDeleted)
    return {6006, "File Hosting Activity", 6, 4};
  const bool decides =
      entry.kind == kind::kDecision || entry.kind == kind::kReview || entry.kind == kind::kJobState;
  return decides ? Class{6003, "API Activity", 6, 99} : Class{3004, "Entity Management", 3, 3};
}

// A parameter's value of RFC 5424, section 6.3.3.
std::string parameter(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  std::string out = " " + std::string(name) + "=\"";
  for (const char c : printable(value)) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string local_time(Instant time) {
  std::string text = to_rfc3339(time + Duration::seconds(int64_t{8} * 3600));
  text[10] = ' ';
  return text.substr(0, 19) + " +08:00";
}

}  // namespace

std::string csv_heading() {
  return "sequence,time_utc,time_plus_0800,region,kind,job,crossing,who,direction,peer,decision,rules,item_"
         "digest,item_bytes,"
         "policy_digest,reason,origin,leaf_hash\r\n";
}

std::string csv_row(const Rendered& r) {
  const Entry& e = r.entry;
  std::string out = std::to_string(e.sequence);
  const std::string size =
      e.item_digest.empty() && e.item_bytes == 0 ? std::string() : std::to_string(e.item_bytes);
  for (const std::string& text : {to_rfc3339(e.time), local_time(e.time), e.region, e.kind, e.job, e.crossing,
                                  e.who, e.direction, e.peer, e.decision, joined(e.rules), e.item_digest,
                                  size, e.policy_digest, e.reason, std::string(r.origin), r.leaf.hex()})
    out += "," + cell(text);
  return out + "\r\n";
}

std::string ocsf_json(const Rendered& r) {
  const Entry& e = r.entry;
  const Class c = class_of(e);
  json::object out;
  out["activity_id"] = c.activity;
  out["category_uid"] = c.category;
  out["class_name"] = c.name;
  out["class_uid"] = c.uid;
  out["type_uid"] = c.uid * 100 + c.activity;
  out["severity_id"] = is_finding(e) ? 4 : e.decision == "forbid" ? 2 : 1;
  out["time"] = e.time.micros / 1'000;
  out["message"] = e.reason.empty() ? e.kind : e.reason;
  out["metadata"] = json::object{{"version", "1.3.0"},
                                 {"product", json::object{{"name", "Hetao"}, {"vendor_name", "Hetao"}}},
                                 {"uid", std::string(r.origin) + "/" + std::to_string(e.sequence)},
                                 {"sequence", e.sequence},
                                 {"log_name", r.origin},
                                 {"event_code", e.kind}};
  out["actor"] =
      json::object{{"user", json::object{{"name", e.who},
                                         {"org", json::object{{"name", e.who.substr(0, e.who.find('/'))}}}}}};
  if (e.decision == "permit" || e.decision == "approved") out["status_id"] = 1;
  if (e.decision == "forbid" || e.decision == "rejected") out["status_id"] = 2;
  if (c.uid == 6003)
    out["api"] = json::object{{"operation", e.kind}, {"service", json::object{{"name", "hetao"}}}};
  if (c.uid == 6006) {
    out["file"] = json::object{
        {"name", e.crossing},
        {"size", e.item_bytes},
        {"type_id", 1},
        {"hashes",
         json::array{json::object{{"algorithm_id", 99}, {"algorithm", "hetao"}, {"value", e.item_digest}}}}};
  }
  if (c.uid == 2004)
    out["finding_info"] =
        json::object{{"title", e.kind}, {"uid", std::to_string(e.sequence)}, {"desc", e.reason}};
  if (c.uid == 3004) out["entity"] = json::object{{"type", e.kind}, {"name", e.reason}};
  json::array rules;
  for (const std::string& rule : e.rules) rules.emplace_back(rule);
  json::object unmapped{{"leaf_hash", r.leaf.hex()},
                        {"log_index", e.sequence},
                        {"origin", r.origin},
                        {"region", e.region},
                        {"decision", e.decision},
                        {"direction", e.direction},
                        {"peer", e.peer},
                        {"job", e.job},
                        {"crossing", e.crossing},
                        {"policy_digest", e.policy_digest},
                        {"rules", std::move(rules)}};
  for (const auto& [key, value] : e.extra) unmapped["extra." + key] = value;
  out["unmapped"] = std::move(unmapped);
  return canonical_json(out);
}

std::string rfc5424(const Rendered& r, std::string_view host) {
  constexpr int kLogAudit = 13;
  const int severity = is_finding(r.entry) ? 4 : 5;
  const Entry& e = r.entry;
  std::string id = e.kind.substr(0, 32);
  std::string out = "<" + std::to_string(kLogAudit * 8 + severity) + ">1 " + to_rfc3339(e.time) + " " +
                    (host.empty() ? "-" : printable(host.substr(0, 255))) + " hetao - " + id +
                    " [hetao@32473";
  out += parameter("origin", r.origin) + parameter("index", std::to_string(e.sequence)) +
         parameter("leaf", r.leaf.hex());
  out += parameter("job", e.job) + parameter("crossing", e.crossing) + parameter("who", e.who) +
         parameter("decision", e.decision) + parameter("direction", e.direction) + parameter("peer", e.peer) +
         parameter("rules", joined(e.rules));
  return out + "] \xef\xbb\xbf" + ocsf_json(r);
}

std::string rfc5425_frame(std::string_view message) {
  return std::to_string(message.size()) + " " + std::string(message);
}

std::string html_heading(std::string_view title, std::string_view origin, std::string_view note) {
  return "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>" + escape_markup(title) +
         "</title><style>body{font:10pt "
         "sans-serif}table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;"
         "padding:2px "
         "4px;text-align:left;vertical-align:top;overflow-wrap:anywhere}thead{display:table-header-group}tr{"
         "break-inside:"
         "avoid}code{font-size:7pt}@page{size:A4 landscape;margin:12mm}</style><h1>" +
         escape_markup(title) + "</h1><p>Ledger <b>" + escape_markup(origin) +
         "</b>. Times are +08:00 (Shenzhen, Hong Kong).</p><pre>" + escape_markup(note) +
         "</pre><table><thead><tr><th>#<th>Time (+08:00)<th>Kind<th>Job, crossing<th>Who<th>Decision, "
         "rules<th>Item"
         "<th>Reason<th>Leaf hash</thead>\n";
}

std::string html_row(const Rendered& r) {
  const Entry& e = r.entry;
  const std::string item = e.item_digest.empty()
                               ? std::string()
                               : human_bytes(static_cast<unsigned long long>(e.item_bytes)) + " <code>" +
                                     escape_markup(e.item_digest) + "</code>";
  const std::string way = e.direction.empty() ? std::string() : e.direction + " " + e.peer;
  return "<tr><td>" + std::to_string(e.sequence) + "<td>" + local_time(e.time) + "<td>" +
         escape_markup(e.kind) + " " + escape_markup(way) + "<td>" + escape_markup(e.job) + "<br>" +
         escape_markup(e.crossing) + "<td>" + escape_markup(e.who) + "<td>" + escape_markup(e.decision) +
         " " + escape_markup(joined(e.rules)) + "<td>" + item + "<td>" + escape_markup(e.reason) +
         "<td><code>" + r.leaf.hex() + "</code>\n";
}

std::string html_end(uint64_t rows) {
  return "</table><p>" + std::to_string(rows) + " entries.</p></html>\n";
}

}  // namespace hetao::ledger
