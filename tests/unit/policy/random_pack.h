// Random packs (as the YAML that people would write) and random requests over a small world, so that rules
// and requests meet often. Deterministic from the seed.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "policy/pack.h"
#include "policy/request.h"

namespace hetao::policy {

class RandomWorld {
 public:
  explicit RandomWorld(uint64_t seed) : engine_(seed) {}

  size_t below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(engine_); }
  bool chance(size_t percent) { return below(100) < percent; }
  const std::string& one(const std::vector<std::string>& list) { return list[below(list.size())]; }

  std::string pack_text(size_t rules) {
    std::string out = "policy: random\nversion: 1\ndefault: " + std::string(chance(50) ? "hold" : "forbid") +
                      "\nparameters:\n  limit: {value: " + one(kNumbers) +
                      "}\n  switch: {value: " + (chance(50) ? "true" : "false") +
                      "}\n  home: {value: CN}\n  day: {value: \"2026-06-01\"}\n" +
                      "attributes:\n  site.level: {type: enum, values: [low, high, none], absent: none}\n  "
                      "data.grade: {values: [odd]}\n" +
                      "  site.since: {type: date}\nrules:\n";
    for (size_t i = 0; i < rules; ++i) out += rule(i);
    return out;
  }

  std::string rule(size_t index) {
    static const std::vector<std::string> kEffects = {"permit", "permit", "hold", "forbid"};
    const std::string effect = one(kEffects);
    std::string out = "  - id: R" + std::to_string(index) + "\n    effect: " + effect + "\n    title: rule\n";
    if (chance(20)) out += "    valid: {from: 2026-0" + std::to_string(1 + below(4)) + "-01}\n";
    if (chance(20)) out += "    valid: {until: 2026-0" + std::to_string(5 + below(4)) + "-01}\n";
    if (out.find("valid") != out.rfind("valid")) out.erase(out.rfind("    valid"));
    out += "    when: " + (chance(3) ? std::string("{}") : condition(0)) + "\n";
    if (chance(30)) out += "    unless: " + condition(1) + "\n";
    if (effect != "forbid" && chance(60)) out += "    obligations: " + obligations() + "\n";
    return out;
  }

  std::string condition(size_t depth) {
    std::string out;
    std::vector<std::string> used;
    const size_t entries = 1 + below(3);
    for (size_t i = 0; i < entries; ++i) {
      const std::string next = entry(depth);
      const std::string key = next.substr(0, next.find(": "));
      if (std::find(used.begin(), used.end(), key) != used.end()) continue;
      used.push_back(key);
      out += (out.empty() ? "" : ", ") + next;
    }
    return "{" + out + "}";
  }

  std::string entry(size_t depth) {
    static const std::vector<std::string> kGroups = {"all", "any", "none"};
    if (depth < 3 && chance(30)) {
      std::string out = one(kGroups) + ": [";
      const size_t members = 1 + below(3);
      for (size_t i = 0; i < members; ++i) out += (i > 0 ? ", " : "") + condition(depth + 1);
      return out + "]";
    }
    switch (below(11)) {
      case 0:
        return "action: " + choice(kActions);
      case 1:
        return "crossing.from: " + (chance(20) ? std::string("{matches: \"?N\"}") : choice(kCodes));
      case 2:
        return "data.grade: " + choice(kGrades);
      case 3:
        return "recipient.listed: " + std::string(chance(50) ? "true" : "false");
      case 4:
        return "data.subjects_ordinary: " + number();
      case 5:
        return "data.sectors: " + set_test();
      case 6:
        return "project: " + (chance(50) ? "{matches: " + glob() + "}" : choice(kProjects));
      case 7:
        return "time.date: " + date_test();
      case 8:
        return chance(50) ? "parameter.switch: true" : "parameter.limit: " + number();
      case 9:
        return "site.level: " + choice({"low", "high"});
      default:
        return chance(50) ? "data.tags: " + set_test() : "site.since: " + date_test();
    }
  }

  std::string choice(const std::vector<std::string>& values) {
    if (&values == &kCodes && chance(15)) return "{parameter: home}";
    if (chance(60)) return one(values);
    return std::string(chance(50) ? "{in: [" : "{not_in: [") + one(values) + ", " + one(values) + "]}";
  }

  std::string number() {
    switch (below(6)) {
      case 0:
        return one(kNumbers);
      case 1:
        return "{gte: {parameter: limit}}";
      case 2:
        return "{lt: " + one(kNumbers) + "}";
      case 3:
        return "{gt: " + one(kNumbers) + ", lte: 1000}";
      case 4:
        return "{between: [0, {parameter: limit}]}";
      default:
        return "{not_in: [" + one(kNumbers) + "]}";
    }
  }

  std::string date_test() {
    switch (below(3)) {
      case 0:
        return "{gte: 2026-0" + std::to_string(1 + below(8)) + "-15}";
      case 1:
        return "{lt: {parameter: day}}";
      default:
        return "{between: [2026-02-01, 2026-07-01]}";
    }
  }

  std::string set_test() {
    switch (below(4)) {
      case 0:
        return "{contains: " + one(kTags) + "}";
      case 1:
        return "{contains_any: [" + one(kTags) + ", " + one(kTags) + "]}";
      case 2:
        return "{contains_all: [" + one(kTags) + ", " + one(kTags) + "]}";
      default:
        return "{contains_none: [" + one(kTags) + ", " + one(kTags) + "]}";
    }
  }

  std::string glob() {
    static const std::vector<std::string> kGlobs = {"a*", "*b", "a?c", "[ab]*", "[!a]*", "*x*", "a\\\\*"};
    return "\"" + one(kGlobs) + "\"";
  }

  std::string obligations() {
    static const std::vector<std::string> kAll = {"no-network",
                                                  "{inspect: {profile: p, at_most: 3}}",
                                                  "{inspect: {profile: p}}",
                                                  "{delete-after: {duration: 30d}}",
                                                  "{delete-after: {duration: 7d}}",
                                                  "{keep-record: {duration: 30d}}",
                                                  "{review: {reviewers: 2}}",
                                                  "review",
                                                  "{mask: {kinds: [a, b]}}",
                                                  "{mask: {kinds: [b, c]}}",
                                                  "{residency: {regions: [x, y]}}",
                                                  "{residency: {regions: [y, z]}}",
                                                  "{min-group: {least: 5}}",
                                                  "{min-group: {least: 10, otherwise: forbid}}",
                                                  "{min-group: {least: 12}}",
                                                  "{k-anonymity: {least: 3}}",
                                                  "{k-anonymity: {least: 4}}",
                                                  "{notify: {role: r}}",
                                                  "{duty: {text: file it}}"};
    return "[" + one(kAll) + ", " + one(kAll) + "]";
  }

  Request request() {
    Request out;
    if (chance(80)) out.set("action", one(kActions));
    if (chance(80)) out.set("crossing.from", chance(90) ? one(kCodes) : std::string("nowhere"));
    if (chance(80)) out.set("data.grade", chance(90) ? one(kGrades) : std::string("unheard-of"));
    if (chance(70)) out.set("recipient.listed", chance(50));
    if (chance(80))
      out.set("data.subjects_ordinary",
              static_cast<int64_t>(std::stoll(one(kNumbers))) + (chance(50) ? 1 : 0) - (chance(30) ? 1 : 0));
    if (chance(80)) out.set("project", one(kProjects) + (chance(40) ? one({"c", "b", "x"}) : ""));
    if (chance(70))
      out.set("time.date", "2026-0" + std::to_string(1 + below(8)) + (chance(50) ? "-01" : "-15"));
    if (chance(40)) out.set("parameter.switch", chance(50));
    if (chance(5)) out.set("parameter.switch", std::string("on"));
    if (chance(20)) out.set("parameter.limit", static_cast<int64_t>(below(200)));
    if (chance(70)) out.set("site.level", std::string(chance(90) ? chance(50) ? "low" : "high" : "nowhere"));
    if (chance(60)) out.set("site.since", std::string("2026-03-15"));
    for (const char* name : {"data.sectors", "data.tags"}) {
      std::vector<std::string> members;
      for (size_t i = below(4); i > 0; --i)
        members.push_back(chance(80) ? one(kTags) : std::string("unnamed"));
      if (chance(80)) out.set(name, members);
    }
    return out;
  }

 private:
  const std::vector<std::string> kActions = {"cross", "place"};
  const std::vector<std::string> kCodes = {"CN", "HK", "SG", "IN"};
  const std::vector<std::string> kGrades = {"public", "general", "important", "core", "odd"};
  const std::vector<std::string> kNumbers = {"0", "5", "99", "100", "1000"};
  const std::vector<std::string> kProjects = {"a", "ab", "abc", "b", "x", "zz", "a*"};
  const std::vector<std::string> kTags = {"health", "auto", "map", "science"};

  std::mt19937_64 engine_;
};

}  // namespace hetao::policy
