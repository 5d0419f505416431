// Each rule holds for a good history and breaks for one that is bad in its way alone.
#include "gateway/history/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

namespace hetao::history {
namespace {

struct Good {
  std::map<std::string, std::vector<ledger::Entry>> books;

  ledger::Entry& add(const std::string& region, const char* kind, const char* decision = "",
                     const char* crossing = "j1.1.c0") {
    auto& book = books[region];
    ledger::Entry& entry = book.emplace_back();
    entry.sequence = book.size() - 1;
    entry.region = region;
    entry.kind = kind;
    entry.decision = decision;
    entry.job = "j1";
    entry.who = "uni/u-1";
    if (std::string(kind) == "job-state") return entry;
    entry.crossing = crossing;
    entry.item_digest = "d1";
    entry.item_bytes = 12;
    entry.peer = region == "shenzhen" ? "hongkong" : "shenzhen";
    return entry;
  }

  // A job of Hong Kong whose program was held, approved, and went to Shenzhen.
  Good() {
    add("hongkong", "job-state").reason = "queued for shenzhen";
    add("hongkong", "decision", "hold");
    add("hongkong", "job-state").reason = "held: look";
    add("hongkong", "review", "approved").who = "hub/u-2";
    add("hongkong", "decision", "permit");
    add("hongkong", "job-state").reason = "offered: to shenzhen";
    add("shenzhen", "decision", "permit");
    add("hongkong", "departed");
    add("shenzhen", "arrived");
    add("hongkong", "job-state").reason = "staging";
    add("hongkong", "job-state").reason = "running";
    add("hongkong", "job-state").reason = "returning";
    add("hongkong", "job-state").reason = "complete";
    add("shenzhen", "deleted");
  }

  History history() const {
    History all;
    for (const auto& [region, entries] : books) all.books.push_back({region, entries});
    all.all_regions = true;
    all.at_rest = true;
    all.acknowledged = {{"hongkong", "j1"}};
    all.starts = {{"shenzhen", "j1.1"}};
    return all;
  }

  ledger::Entry& at(const std::string& region, size_t index) { return books.at(region).at(index); }
  void erase(const std::string& region, size_t index) {
    auto& book = books.at(region);
    book.erase(book.begin() + static_cast<int64_t>(index));
    for (size_t i = 0; i < book.size(); ++i) book[i].sequence = i;
  }
};

bool breaks(const History& history, const std::string& rule) {
  for (const Finding& found : check(history)) {
    if (found.rule == rule) return true;
  }
  return false;
}

TEST(History, AGoodOneHasNoFindings) {
  for (const Finding& found : check(Good().history())) ADD_FAILURE() << found.rule << ": " << found.text;
}

TEST(History, EveryRuleBites) {
  const std::map<std::string, std::function<void(Good&)>> bad_books = {
      {"ledger-extends", [](Good& g) { g.at("hongkong", 4).sequence = 9; }},
      {"permit-before-departure", [](Good& g) { g.erase("hongkong", 4); }},
      {"permit-before-arrival", [](Good& g) { g.at("shenzhen", 0).item_digest = "d2"; }},
      {"refusal-is-final", [](Good& g) { g.at("hongkong", 3).decision = "rejected"; }},
      {"holds-move-by-review", [](Good& g) { g.erase("hongkong", 3); }},
      {"nobody-reviews-their-own", [](Good& g) { g.at("hongkong", 3).who = "uni/u-1"; }},
      {"decided-under-the-policy-in-force",
       [](Good& g) {
         ledger::Entry& activated = g.add("shenzhen", "policy-activated", "", "");
         activated.policy_digest = "new";
         g.add("shenzhen", "decision", "hold").policy_digest = "old";
       }},
      {"booked-once", [](Good& g) { g.add("shenzhen", "arrived"); }},
      {"arrival-has-departure", [](Good& g) { g.erase("hongkong", 6); }},
      {"deleted-once-after-arrival", [](Good& g) { g.add("shenzhen", "deleted"); }},
      {"states-follow-the-table", [](Good& g) { g.at("hongkong", 7).reason = "complete"; }},
      {"every-job-ends", [](Good& g) { g.erase("hongkong", 10); }},
      {"books-match", [](Good& g) { g.erase("shenzhen", 1); }},
  };
  for (const auto& [rule, spoil] : bad_books) {
    Good good;
    spoil(good);
    EXPECT_TRUE(breaks(good.history(), rule)) << rule;
  }
  const std::map<std::string, std::function<void(History&)>> bad_facts = {
      {"one-start-an-attempt", [](History& h) { h.starts.push_back({"shenzhen", "j1.1"}); }},
      {"one-start-a-job", [](History& h) { h.starts.push_back({"shenzhen", "j1.2"}); }},
      {"acknowledged-is-kept", [](History& h) { h.acknowledged.push_back({"hongkong", "j2"}); }},
      {"nothing-left-behind", [](History& h) { h.left_behind.push_back({"shenzhen", "j1.1", "7"}); }},
  };
  const Good good;
  for (const auto& [rule, spoil] : bad_facts) {
    History history = good.history();
    spoil(history);
    EXPECT_TRUE(breaks(history, rule)) << rule;
  }
  EXPECT_EQ(bad_books.size() + bad_facts.size(), rules().size()) << "a rule without a history that breaks it";
}

TEST(History, NobodyReviewsTheirOwnWithAnotherAccount) {
  for (const size_t noted : {1U, 2U}) {  // that they are one person's, and that they are not, after all
    Good good;
    for (const char* act : {"person-same", "person-apart"}) {
      ledger::Entry& note = good.add("hongkong", "admin", "", "");
      note.job.clear();
      note.item_digest.clear();
      note.who = "hub/u-9";
      note.extra = {{"act", act}, {"person", "hub/u-2"}, {"other", "uni/u-1"}};
    }
    auto& book = good.books.at("hongkong");
    if (noted == 1) book.pop_back();
    std::rotate(book.begin(), book.end() - static_cast<int64_t>(noted), book.end());
    for (size_t i = 0; i < book.size(); ++i) book[i].sequence = i;
    EXPECT_EQ(breaks(good.history(), "nobody-reviews-their-own"), noted == 1);
  }
}

TEST(History, AJobThatMayBeRepeatedMayStartInTwoAttempts) {
  const Good good;
  History history = good.history();
  history.starts.push_back({"shenzhen", "j1.2"});
  history.repeatable = {"j1"};
  EXPECT_FALSE(breaks(history, "one-start-a-job"));
}

}  // namespace
}  // namespace hetao::history
