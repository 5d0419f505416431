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

Reconciler::Reconciler(std::string region_a, std::string region_b, ReconcileOptions options)
    : regions_{std::move(region_a), std::move(region_b)}, options_(options) {}

Result<void> Reconciler::add(const Entry& entry) {
  if (entry.region != regions_[0] && entry.region != regions_[1])
    return fail(
        ErrorCode::kUsage, "reconciliation",
        "an entry of " + printable(entry.region) + " is none of " + regions_[0] + " or " + regions_[1],
        "give the ledgers of these two regions");
  const size_t side = entry.region == regions_[0] ? 0 : 1;
  if (entry.kind == kind::kPolicyActivated) active_policy_[side] = entry.policy_digest;
  if (entry.peer != regions_[1 - side]) return {};
  const bool moves = entry.kind == kind::kDeparted || entry.kind == kind::kArrived;
  if (decides(entry)) note_decision(entry, side);
  if (entry.kind == kind::kRecalled) crossings_[entry.crossing].recalled = true;
  if (moves) book(entry, side);
  return {};
}

void Reconciler::note_decision(const Entry& entry, size_t side) {
  if (entry.kind == kind::kDecision && !entry.policy_digest.empty() &&
      entry.policy_digest != active_policy_[side]) {
    early_.push_back({Finding::kInactivePolicy, entry.crossing, entry.job, std::nullopt, std::nullopt,
                      place(booked(entry)) + " decides under policy " + entry.policy_digest +
                          ", which was not the active one"});
    (entry.direction == "in" ? early_.back().arrived : early_.back().departed) = booked(entry);
  }
  if (!entry.crossing.empty()) crossings_[entry.crossing].permitted[side] = permits(entry);
}

void Reconciler::book(const Entry& entry, size_t side) {
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
  if (crossing.permitted[side]) return;
  early_.push_back({Finding::kUndecided, entry.crossing, entry.job, std::nullopt, std::nullopt,
                    place(now) + " has no permit before it"});
  (out ? early_.back().departed : early_.back().arrived) = now;
}

ReconcileReport Reconciler::report(Instant now) const {
  ReconcileReport out;
  out.mismatches = early_;
  for (const auto& [id, crossing] : crossings_) {
    if (crossing.departed || crossing.arrived) judge(id, crossing, now, out);
  }
  // The map has no order of its own; the report is the same for the same books.
  std::sort(out.mismatches.begin(), out.mismatches.end(), [](const Mismatch& a, const Mismatch& b) {
    return std::tie(a.crossing, a.finding, a.detail) < std::tie(b.crossing, b.finding, b.detail);
  });
  return out;
}

void Reconciler::judge(const std::string& id, const Crossing& crossing, Instant now,
                       ReconcileReport& out) const {
  const auto& [job, departed, arrived, recalled, permitted] = crossing;
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
    if (arrived->time - departed->time > options_.late_after)
      find(Finding::kLate, place(*arrived) + " is " + to_string(arrived->time - departed->time) + " behind " +
                               place(*departed));
    return;
  }
  if (recalled) {
    ++out.recalled;
    return;
  }
  const Booked& alone = departed ? *departed : *arrived;
  if (now - alone.time <= options_.settle) {
    ++out.under_way;
  } else if (departed) {
    find(Finding::kMissing, place(alone) + " departed and never arrived");
  } else {
    find(Finding::kUnannounced, place(alone) + " arrived and never departed");
  }
}

}  // namespace hetao::ledger
