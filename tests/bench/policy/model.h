// The rules and requests that the policy benchmark gives to every engine: nine of ten rules name one tenant,
// the rest are for all; each tests three to six attributes. Deterministic.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "gateway/base/json.h"
#include "policy/request.h"

namespace hetao::policy::bench {

struct ModelTest {
  std::string attribute;
  std::string op;  // eq, in, not_in, gte, lt, contains
  json::value value;
};

struct ModelRule {
  std::string id;
  std::string effect;
  std::vector<ModelTest> tests;
  bool deletes = false;  // has the obligation delete-after
};

class Model {
 public:
  explicit Model(size_t rules) : tenants_(std::max<size_t>(4, rules / 30)) {
    for (size_t i = 0; i < rules; ++i) rules_.push_back(rule(i));
  }

  const std::vector<ModelRule>& rules() const { return rules_; }

  Request request() {
    Request out;
    out.set("action", std::string("cross"));
    out.set("exporter.tenant", tenant());
    out.set("crossing.from", one(kCodes));
    out.set("crossing.to", one(kCodes));
    out.set("data.grade", one(kGrades));
    out.set("data.personal", one(kPersonal));
    out.set("data.sectors", std::vector<std::string>{one(kSectors), one(kSectors)});
    out.set("exporter.status", one(kStatus));
    out.set("item.bytes", static_cast<int64_t>(below(1'000'000)));
    out.set("item.kind", one(kKinds));
    out.set("mechanism.kind", one(kMechanisms));
    out.set("project", "p" + std::to_string(below(200)));
    out.set("purpose", one(kPurposes));
    out.set("recipient.listed", below(2) == 0);
    out.set("subjects.year_ordinary", static_cast<int64_t>(below(2'000'000)));
    return out;
  }

  // As a person would write them.
  std::string yaml() const {
    std::string out = "policy: bench\nversion: 1\ndefault: hold\nrules:\n";
    for (const ModelRule& r : rules_) {
      out += "  - id: " + r.id + "\n    effect: " + r.effect + "\n    title: rule " + r.id +
             "\n    basis: [law]\n    when:\n";
      for (const ModelTest& t : r.tests) {
        const std::string value = text(t.value);
        out +=
            "      " + t.attribute + ": " + (t.op == "eq" ? value : "{" + t.op + ": " + value + "}") + "\n";
      }
      if (r.deletes)
        out += "    obligations: [{delete-after: {duration: " + std::to_string(1 + r.id.size() * 7 % 30) +
               "d}}, no-network]\n";
    }
    return out;
  }

  // The same with the threshold moved in the first rule that has one and is for one tenant, or for all.
  std::string yaml_with_moved_threshold(bool general) const {
    Model other = *this;
    for (ModelRule& rule : other.rules_) {
      if ((rule.tests.front().attribute != "exporter.tenant") != general) continue;
      for (ModelTest& test : rule.tests) {
        if (!test.value.is_int64()) continue;
        test.value = test.value.get_int64() + 5'000;
        return other.yaml();
      }
    }
    return other.yaml();
  }

  json::value to_json() const {
    json::array out;
    for (const ModelRule& r : rules_) {
      json::array tests;
      for (const ModelTest& t : r.tests)
        tests.push_back({{"attribute", t.attribute}, {"op", t.op}, {"value", t.value}});
      out.push_back({{"id", r.id}, {"effect", r.effect}, {"tests", std::move(tests)}});
    }
    return out;
  }

 private:
  size_t below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(engine_); }
  const std::string& one(const std::vector<std::string>& list) { return list[below(list.size())]; }
  std::string tenant() { return "tenant-" + std::to_string(below(tenants_)); }

  static std::string text(const json::value& value) {
    if (value.is_bool()) return value.get_bool() ? "true" : "false";
    if (value.is_int64()) return std::to_string(value.get_int64());
    if (value.is_string()) return std::string(value.get_string());
    std::string out = "[";
    for (const json::value& each : value.get_array())
      out += (out.size() > 1 ? ", " : "") + std::string(each.get_string());
    return out + "]";
  }

  json::array some(const std::vector<std::string>& list) {
    return {json::value(one(list)), json::value(one(list))};
  }

  ModelTest test(size_t which) {
    switch (which) {
      case 0:
        return {"crossing.from", "eq", json::value(one(kCodes))};
      case 1:
        return {"crossing.to", "not_in", some(kCodes)};
      case 2:
        return {"data.grade", "in", some(kGrades)};
      case 3:
        return {"data.personal", "eq", json::value(one(kPersonal))};
      case 4:
        return {"data.sectors", "contains", json::value(one(kSectors))};
      case 5:
        return {"exporter.status", "eq", json::value(one(kStatus))};
      case 6:
        return {"item.bytes", "gte", static_cast<int64_t>(below(100) * 10'000)};
      case 7:
        return {"item.kind", "in", some(kKinds)};
      case 8:
        return {"mechanism.kind", "not_in", some(kMechanisms)};
      case 9:
        return {"project", "eq", json::value("p" + std::to_string(below(200)))};
      case 10:
        return {"purpose", "in", some(kPurposes)};
      case 11:
        return {"recipient.listed", "eq", below(2) == 0};
      default:
        return {"subjects.year_ordinary", "lt", static_cast<int64_t>(below(20) * 100'000)};
    }
  }

  ModelRule rule(size_t index) {
    ModelRule out;
    out.id = "R" + std::to_string(index);
    const size_t kind = below(10);
    out.effect = kind < 2 ? "forbid" : kind < 4 ? "hold" : "permit";
    out.deletes = out.effect == "permit" && below(2) == 0;
    const bool general = below(10) == 0;
    if (!general) out.tests.push_back({"exporter.tenant", "eq", json::value(tenant())});
    std::vector<bool> used(13);
    for (size_t left = general ? 5 : 2 + below(3); left > 0; --left) {
      const size_t which = below(used.size());
      if (used[which]) continue;
      used[which] = true;
      out.tests.push_back(test(which));
    }
    if (out.tests.empty()) out.tests.push_back(test(0));
    return out;
  }

  const std::vector<std::string> kCodes = {"CN", "HK", "MO", "SG", "US", "DE", "JP", "GB"};
  const std::vector<std::string> kGrades = {"public", "general", "important", "core"};
  const std::vector<std::string> kPersonal = {"none", "anonymised", "ordinary", "sensitive"};
  const std::vector<std::string> kSectors = {"health",    "genetic", "finance", "science",
                                             "materials", "energy",  "mapping", "auto"};
  const std::vector<std::string> kStatus = {"ordinary", "ciio", "state-organ"};
  const std::vector<std::string> kKinds = {"dataset",   "code",   "image", "model",
                                           "aggregate", "result", "logs"};
  const std::vector<std::string> kMechanisms = {"none", "gba-sc", "cac-sc", "security-assessment",
                                                "certification"};
  const std::vector<std::string> kPurposes = {"research", "teaching", "commercial", "emergency",
                                              "statutory-duty"};

  std::mt19937_64 engine_{20'261'123};
  size_t tenants_;
  std::vector<ModelRule> rules_;
};

}  // namespace hetao::policy::bench
