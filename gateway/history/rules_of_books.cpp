// Rules about crossings: decisions, reviews, departures and arrivals.
#include <map>
#include <set>

#include "gateway/history/rules.h"

namespace hetao::history {

namespace {

bool is_movement(const ledger::Entry& entry) {
  return entry.kind == "departed" || entry.kind == "arrived";
}

// `kind` only after the newest decision about the same crossing and digest is a permit.
void permit_first(const History& history, const char* kind, const char* name, Findings& out) {
  for (const Book& book : history.books) {
    if (!book.entries.empty() && book.entries.front().sequence != 0) continue;  // its beginning is not here
    std::map<std::string_view, const ledger::Entry*> newest;
    for (const ledger::Entry& entry : book.entries) {
      if (entry.kind == "decision" && !entry.crossing.empty()) newest[entry.crossing] = &entry;
      if (entry.kind != kind) continue;
      const auto decided = newest.find(entry.crossing);
      if (decided == newest.end() || decided->second->decision != "permit" ||
          decided->second->item_digest != entry.item_digest) {
        out.push_back({name, book.region + " books " + kind + " of " + entry.crossing + " (entry " +
                                 std::to_string(entry.sequence) + ") without a permit for it before"});
      }
    }
  }
}

struct Booked {
  const ledger::Entry* entry = nullptr;
  int count = 0;
};

std::map<std::string_view, Booked> booked(const Book& book, std::string_view kind) {
  std::map<std::string_view, Booked> all;
  for (const ledger::Entry& entry : book.entries) {
    if (entry.kind != kind) continue;
    Booked& one = all[entry.crossing];
    one.entry = &entry;
    ++one.count;
  }
  return all;
}

// The book of the other side, if it is here.
const Book* book_of(const History& history, const std::string& region) {
  for (const Book& book : history.books) {
    if (book.region == region) return &book;
  }
  return nullptr;
}

}  // namespace

void ledger_extends(const History& history, const char* name, Findings& out) {
  for (const Book& book : history.books) {
    const ledger::Entry* before = nullptr;
    for (const ledger::Entry& entry : book.entries) {
      if (entry.region != book.region) {
        out.push_back({name, "the book of " + book.region + " has an entry of " + entry.region});
      }
      if (before != nullptr && entry.sequence != before->sequence + 1) {
        out.push_back({name, book.region + ": entry " + std::to_string(entry.sequence) + " follows entry " +
                                 std::to_string(before->sequence)});
      }
      before = &entry;
    }
  }
}

void permit_before_departure(const History& history, const char* name, Findings& out) {
  permit_first(history, "departed", name, out);
}

void permit_before_arrival(const History& history, const char* name, Findings& out) {
  permit_first(history, "arrived", name, out);
}

void refusal_is_final(const History& history, const char* name, Findings& out) {
  for (const Book& book : history.books) {
    std::set<std::string_view> refused;
    for (const ledger::Entry& entry : book.entries) {
      if (entry.crossing.empty()) continue;
      const bool refuses =
          (entry.kind == "decision" && entry.decision == "forbid") ||
          (entry.kind == "review" && (entry.decision == "rejected" || entry.decision == "expired"));
      if (refuses) refused.insert(entry.crossing);
      if (is_movement(entry) && refused.contains(entry.crossing)) {
        out.push_back(
            {name, book.region + " books " + entry.kind + " of " + entry.crossing + " after refusing it"});
      }
    }
  }
}

void holds_move_by_review(const History& history, const char* name, Findings& out) {
  for (const Book& book : history.books) {
    std::map<std::string_view, const ledger::Entry*> held;
    for (const ledger::Entry& entry : book.entries) {
      if (entry.crossing.empty()) continue;
      if (entry.kind == "decision" && entry.decision == "hold") held[entry.crossing] = &entry;
      const auto at = held.find(entry.crossing);
      if (at == held.end()) continue;
      if (entry.kind == "review" && entry.decision == "approved") {
        if (entry.item_digest != at->second->item_digest) {
          out.push_back(
              {name, book.region + ": the approval of " + entry.crossing + " is for another digest"});
        }
        held.erase(at);
      } else if (entry.kind == "decision" && entry.decision == "permit") {
        out.push_back({name, book.region + " permits " + entry.crossing + " (entry " +
                                 std::to_string(entry.sequence) + ") after holding it, and nobody approved"});
      }
    }
  }
}

namespace {

// Which names are one person's, as people noted it in this book.
class Accounts {
 public:
  void take(const ledger::Entry& entry) {
    const auto act = entry.extra.find("act");
    if (entry.kind != ledger::kind::kAdmin || act == entry.extra.end()) return;
    const auto person = entry.extra.find("person");
    const auto other = entry.extra.find("other");
    if (person == entry.extra.end() || other == entry.extra.end()) return;
    if (act->second == "person-same") same_.emplace(person->second, other->second);
    if (act->second == "person-apart") same_.erase({person->second, other->second});
  }
  bool are_same(std::string_view one, std::string_view two) const {
    return one == two || same_.contains({one, two}) || same_.contains({two, one});
  }

 private:
  std::set<std::pair<std::string_view, std::string_view>> same_;
};

}  // namespace

void nobody_reviews_their_own(const History& history, const char* name, Findings& out) {
  for (const Book& book : history.books) {
    std::map<std::string_view, std::string_view> submitter;
    Accounts accounts;
    for (const ledger::Entry& entry : book.entries) {
      accounts.take(entry);
      if (entry.kind == "decision" && !entry.crossing.empty()) submitter[entry.crossing] = entry.who;
      if (entry.kind != "review" || entry.decision == "expired") continue;
      const auto known = submitter.find(entry.crossing);
      if (known != submitter.end() && accounts.are_same(known->second, entry.who)) {
        out.push_back(
            {name, book.region + ": " + entry.who + " answered the review of their own " + entry.crossing});
      }
    }
  }
}

void decided_under_the_policy_in_force(const History& history, const char* name, Findings& out) {
  for (const Book& book : history.books) {
    std::string_view in_force;
    std::map<std::string_view, std::string_view> decided;  // crossing: the policy of its newest decision
    for (const ledger::Entry& entry : book.entries) {
      if (entry.kind == "policy-activated") in_force = entry.policy_digest;
      if (in_force.empty()) continue;
      if (entry.kind == "decision") decided[entry.crossing] = entry.policy_digest;
      const bool decides = entry.kind == "decision" && entry.policy_digest != in_force;
      const auto permit = decided.find(entry.crossing);
      const bool departs = entry.kind == "departed" && permit != decided.end() && permit->second != in_force;
      if (!decides && !departs) continue;
      out.push_back({name, "entry " + std::to_string(entry.sequence) + " of " + book.region +
                               (decides ? " was decided" : " departs on a decision") +
                               " under another policy than the one in force"});
    }
  }
}

void booked_once(const History& history, const char* name, Findings& out) {
  for (const Book& book : history.books) {
    for (const char* kind : {"departed", "arrived"}) {
      for (const auto& [crossing, one] : booked(book, kind)) {
        if (one.count > 1) {
          out.push_back({name, book.region + " books " + kind + " of " + std::string(crossing) + " " +
                                   std::to_string(one.count) + " times"});
        }
      }
    }
  }
}

void arrival_has_departure(const History& history, const char* name, Findings& out) {
  for (const Book& book : history.books) {
    for (const auto& [crossing, in] : booked(book, "arrived")) {
      const Book* sender = book_of(history, in.entry->peer);
      if (sender == nullptr) {
        if (history.all_regions)
          out.push_back(
              {name, std::string(crossing) + " arrived from " + in.entry->peer + ", whose book is not here"});
        continue;
      }
      const auto departed = booked(*sender, "departed");
      const auto out_there = departed.find(crossing);
      if (out_there == departed.end()) {
        out.push_back(
            {name, std::string(crossing) + " arrived in " + book.region + " without having departed"});
      } else if (out_there->second.entry->item_digest != in.entry->item_digest ||
                 out_there->second.entry->item_bytes != in.entry->item_bytes) {
        out.push_back({name, std::string(crossing) + " arrived differently than it departed"});
      }
    }
  }
}

void deleted_once_after_arrival(const History& history, const char* name, Findings& out) {
  for (const Book& book : history.books) {
    std::map<std::string_view, std::string_view> here;
    std::set<std::string_view> gone;
    const bool whole = book.entries.empty() || book.entries.front().sequence == 0;
    for (const ledger::Entry& entry : book.entries) {
      if (entry.kind == "arrived") here[entry.crossing] = entry.item_digest;
      if (entry.kind != "deleted" || entry.crossing.empty()) continue;
      const auto copy = here.find(entry.crossing);
      if (whole && (copy == here.end() || copy->second != entry.item_digest)) {
        out.push_back(
            {name, book.region + " says that it deleted " + entry.crossing + ", which did not arrive"});
      }
      if (!gone.insert(entry.crossing).second) {
        out.push_back({name, book.region + " deleted " + entry.crossing + " twice"});
      }
    }
  }
}

void books_match(const History& history, const char* name, Findings& out) {
  if (!history.at_rest) return;
  for (const Book& book : history.books) {
    const auto recalled = booked(book, "recalled");
    std::map<std::string, std::map<std::string_view, Booked>> arrived;
    for (const auto& [crossing, one] : booked(book, "departed")) {
      if (recalled.contains(crossing)) continue;
      const Book* receiver = book_of(history, one.entry->peer);
      if (receiver == nullptr) {
        if (history.all_regions)
          out.push_back(
              {name, std::string(crossing) + " departed to " + one.entry->peer + ", whose book is not here"});
        continue;
      }
      const auto [there, fresh] = arrived.try_emplace(receiver->region);
      if (fresh) there->second = booked(*receiver, "arrived");
      if (!there->second.contains(crossing)) {
        out.push_back({name, std::string(crossing) + " departed from " + book.region + " and never arrived"});
      }
    }
  }
}

}  // namespace hetao::history
