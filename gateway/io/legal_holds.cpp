#include "gateway/io/legal_holds.h"

#include <algorithm>

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

constexpr size_t kFileBytesMax = size_t{16} << 20U;

json::array to_json(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object to_json(const LegalHold& hold) {
  return json::object{
      {"matter", hold.matter},           {"reason", hold.reason},          {"by", hold.by},
      {"since", to_rfc3339(hold.since)}, {"people", to_json(hold.people)}, {"tenants", to_json(hold.tenants)},
      {"everybody", hold.everybody}};
}

// A file of holds is whole or damaged: what is only half understood might let something be destroyed.
struct Reader {
  const json::object& object;
  bool good = true;

  std::string text(const char* name) {
    const json::value* value = object.if_contains(name);
    good = good && value != nullptr && value->is_string();
    return good ? std::string(value->get_string()) : std::string();
  }
  std::vector<std::string> texts(const char* name) {
    const json::value* value = object.if_contains(name);
    good = good && value != nullptr && value->is_array();
    std::vector<std::string> out;
    if (!good) return out;
    for (const json::value& one : value->get_array()) {
      good = good && one.is_string();
      if (good) out.emplace_back(one.get_string());
    }
    return out;
  }
  bool truth(const char* name) {
    const json::value* value = object.if_contains(name);
    good = good && value != nullptr && value->is_bool();
    return good && value->get_bool();
  }
};

std::optional<LegalHold> from_json(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  Reader read{value.get_object()};
  LegalHold hold;
  hold.matter = read.text("matter");
  hold.reason = read.text("reason");
  hold.by = read.text("by");
  const auto since = parse_rfc3339(read.text("since"));
  hold.people = read.texts("people");
  hold.tenants = read.texts("tenants");
  hold.everybody = read.truth("everybody");
  if (!read.good || !since || hold.matter.empty()) return std::nullopt;
  hold.since = *since;
  return hold;
}

auto damaged(const std::string& path) {
  return fail(ErrorCode::kVerification, path, "is damaged",
              "restore it from a backup: nothing may be erased before the legal holds are known");
}

bool has(const std::vector<std::string>& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

}  // namespace

bool LegalHold::covers(std::string_view person) const {
  return everybody || has(people, person) || has(tenants, person.substr(0, person.find('/')));
}

Result<LegalHolds> LegalHolds::open(std::string path) {
  LegalHolds out(std::move(path));
  const auto text = read_text(out.path_, kFileBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) return out;
  if (!text) return fail(text.error());
  const auto value = parse_json(*text, out.path_, kFileBytesMax);
  if (!value || !value->is_array()) return damaged(out.path_);
  for (const json::value& one : value->get_array()) {
    auto hold = from_json(one);
    if (!hold) return damaged(out.path_);
    std::string matter = hold->matter;
    if (!out.holds_.try_emplace(std::move(matter), std::move(*hold)).second) return damaged(out.path_);
  }
  return out;
}

Result<void> LegalHolds::save(std::map<std::string, LegalHold> holds) {
  json::array all;
  for (const auto& [matter, hold] : holds) all.push_back(to_json(hold));
  if (auto written = write_durably(path_, as_bytes(canonical_json(std::move(all)))); !written) return written;
  holds_ = std::move(holds);
  return {};
}

Result<void> LegalHolds::place(LegalHold hold) {
  const std::string what = "legal hold " + printable(hold.matter);
  if (hold.people.empty() && hold.tenants.empty() && !hold.everybody)
    return fail(ErrorCode::kUsage, what, "holds nobody", "name people, a tenant, a job, or everybody");
  auto holds = holds_;
  if (!holds.try_emplace(hold.matter, hold).second)
    return fail(ErrorCode::kUsage, what, "is placed already: " + printable(holds_.at(hold.matter).reason),
                "lift it first, or give this one another name");
  return save(std::move(holds));
}

Result<void> LegalHolds::lift(const std::string& matter) {
  auto holds = holds_;
  if (holds.erase(matter) == 0)
    return fail(ErrorCode::kNotFound, "legal hold " + printable(matter), "is not placed here",
                "`hetao audit hold list` shows what is");
  return save(std::move(holds));
}

std::string LegalHolds::reasons(std::string_view person) const {
  std::string out;
  for (const auto& [matter, hold] : holds_) {
    if (!hold.covers(person)) continue;
    if (!out.empty()) out += "; ";
    out += matter == person ? hold.reason : matter + ": " + hold.reason;
  }
  return out;
}

}  // namespace hetao::io
