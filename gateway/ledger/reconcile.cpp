#include "gateway/ledger/reconcile.h"

#include <algorithm>
#include <tuple>

#include "gateway/base/text.h"

namespace hetao::ledger {

namespace {

Booked booked(const Entry& entry) {
  return {entry.region, entry.sequence, entry.time, entry.item_digest, entry.item_bytes};
}

bool decides(const Entry& entry) {
  return entry.kind == kind::kDecision || entry.kind == kind::kReview;
}

bool permits(const Entry& entry) {
  return entry.decision == "permit" || (entry.kind == kind::kReview && entry.decision == "approved");
}

std::string place(const Booked& entry) {
  return entry.region + " entry " + std::to_string(entry.sequence);
}

}  // namespace

const char* to_word(Finding finding) {
  switch (finding) {
    case Finding::kMissing:
      return "missing";
    case Finding::kUnannounced:
      return "unannounced";
    case Finding::kAltered:
      return "altered";
    case Finding::kLate:
      return "late";
    case Finding::kRepeated:
      return "repeated";
    case Finding::kInactivePolicy:
      return "inactive-policy";
    case Finding::kUndecided:
      return "undecided";
  }
  return "unknown";
}

Result<void> CrossingBook::add(const Entry& entry) {
  if (entry.region != region_)
    return fail(ErrorCode::kUsage, "reconciliation",
                "an entry of " + printable(entry.region) + " is none of " + region_,
                "give the ledgers of these two regions");
  if (entry.kind == kind::kPolicyActivated) active_policy_ = entry.policy_digest;
  if (entry.peer != peer_) return {};
  if (decides(entry)) note_decision(entry);
  if (entry.kind == kind::kRecalled) crossings_[entry.crossing].recalled = true;
  if (entry.kind == kind::kDeparted || entry.kind == kind::kArrived) book(entry);
  return {};
}

void CrossingBook::note_decision(const Entry& entry) {
  if (entry.kind == kind::kDecision && !entry.policy_digest.empty() &&
      entry.policy_digest != active_policy_) {
    early_.push_back({Finding::kInactivePolicy, entry.crossing, entry.job, std::nullopt, std::nullopt,
                      place(booked(entry)) + " decides under policy " + entry.policy_digest +
                          ", which was not the active one"});
    (entry.direction == "in" ? early_.back().arrived : early_.back().departed) = booked(entry);
  }
  if (!entry.crossing.empty()) crossings_[entry.crossing].permitted = permits(entry);
}

void CrossingBook::book(const Entry& entry) {
  Crossing& crossing = crossings_[entry.crossing];
  const bool out = entry.kind == kind::kDeparted;
  crossing.job = entry.job;
  auto& slot = out ? crossing.departed : crossing.arrived;
  const Booked now = booked(entry);
  if (slot) {
    early_.push_back({Finding::kRepeated, entry.crossing, entry.job, std::nullopt, std::nullopt,
                      place(now) + " books again what " + place(*slot) + " booked"});
    (out ? early_.back().departed : early_.back().arrived) = now;
    return;
  }
  slot = now;
  if (crossing.permitted) return;
  early_.push_back({Finding::kUndecided, entry.crossing, entry.job, std::nullopt, std::nullopt,
                    place(now) + " has no permit before it"});
  (out ? early_.back().departed : early_.back().arrived) = now;
}

namespace {

// A crossing as both books have it.
struct Both {
  const std::string& id;
  const std::string& job;
  const std::optional<Booked>& departed;
  const std::optional<Booked>& arrived;
  bool recalled = false;
};

void judge(const Both& crossing, const ReconcileOptions& options, Instant now, ReconcileReport& out) {
  const auto& [id, job, departed, arrived, recalled] = crossing;
  const auto find = [&](Finding finding, std::string detail) {
    out.mismatches.push_back({finding, id, job, departed, arrived, std::move(detail)});
  };
  if (recalled && arrived)
    return find(Finding::kUnannounced, place(*arrived) + " arrived, but the sender took it back");
  if (departed && arrived) {
    if (departed->region == arrived->region)
      return find(Finding::kAltered, place(*departed) + " and " + place(*arrived) + " are of one side");
    if (departed->item_digest != arrived->item_digest || departed->item_bytes != arrived->item_bytes)
      return find(Finding::kAltered, place(*departed) + " sent " + std::to_string(departed->item_bytes) +
                                         " bytes " + departed->item_digest + ", " + place(*arrived) +
                                         " received " + std::to_string(arrived->item_bytes) + " bytes " +
                                         arrived->item_digest);
    ++out.matched;
    out.bytes_matched += static_cast<uint64_t>(departed->item_bytes);
    if (arrived->time - departed->time > options.late_after)
      find(Finding::kLate, place(*arrived) + " is " + to_string(arrived->time - departed->time) + " behind " +
                               place(*departed));
    return;
  }
  if (recalled) {
    ++out.recalled;
    return;
  }
  const Booked& alone = departed ? *departed : *arrived;
  if (now - alone.time <= options.settle) {
    ++out.under_way;
  } else if (departed) {
    find(Finding::kMissing, place(alone) + " departed and never arrived");
  } else {
    find(Finding::kUnannounced, place(alone) + " arrived and never departed");
  }
}

// Both sides can't have sent it, or received it: the second booking counts as a repeated one.
void note_doubled(const Both& crossing, const std::optional<Booked>& also, bool out,
                  ReconcileReport& report) {
  const std::optional<Booked>& first = out ? crossing.departed : crossing.arrived;
  if (!also || !first || also->region == first->region) return;
  Mismatch one{Finding::kRepeated, crossing.id,
               crossing.job,       crossing.departed,
               crossing.arrived,   place(*also) + " books again what " + place(*first) + " booked"};
  (out ? one.departed : one.arrived) = also;
  report.mismatches.push_back(std::move(one));
}

}  // namespace

ReconcileReport reconcile(const CrossingBook& a, const CrossingBook& b, const ReconcileOptions& options,
                          Instant now) {
  ReconcileReport out;
  static const CrossingBook::Crossing kNothing;
  const auto of = [](const CrossingBook& book, const std::string& id) -> const CrossingBook::Crossing& {
    const auto at = book.crossings_.find(id);
    return at == book.crossings_.end() ? kNothing : at->second;
  };
  const auto look_at = [&](const std::string& id, const CrossingBook::Crossing& x,
                           const CrossingBook::Crossing& y) {
    const Both both{id, x.job.empty() ? y.job : x.job, x.departed ? x.departed : y.departed,
                    x.arrived ? x.arrived : y.arrived, x.recalled || y.recalled};
    if (!both.departed && !both.arrived) return;
    note_doubled(both, y.departed, true, out);
    note_doubled(both, y.arrived, false, out);
    judge(both, options, now, out);
  };
  for (const auto& [id, crossing] : a.crossings_) look_at(id, crossing, of(b, id));
  for (const auto& [id, crossing] : b.crossings_)
    if (!a.crossings_.contains(id)) look_at(id, crossing, kNothing);
  for (const CrossingBook* book : {&a, &b}) {
    for (Mismatch one : book->early_) {
      const auto& x = of(a, one.crossing);
      const auto& y = of(b, one.crossing);
      if (!one.departed) one.departed = x.departed ? x.departed : y.departed;
      if (!one.arrived) one.arrived = x.arrived ? x.arrived : y.arrived;
      out.mismatches.push_back(std::move(one));
    }
  }
  // The maps have no order of their own; the report is the same for the same books.
  std::sort(out.mismatches.begin(), out.mismatches.end(), [](const Mismatch& one, const Mismatch& other) {
    return std::tie(one.crossing, one.finding, one.detail) <
           std::tie(other.crossing, other.finding, other.detail);
  });
  return out;
}

}  // namespace hetao::ledger
