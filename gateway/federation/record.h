// A record: one row of what the gateway must remember. Rows are whole objects (a protobuf message by key), so
// that the newest row of a key is all that a restart needs; the store keeps exactly those.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hetao::federation {

// Numbers are stored: never reuse one.
enum class Table : uint8_t {
  kJob = 1,             // pb::Job by id
  kRun = 2,             // pb::Run by "JOB.ATTEMPT"
  kCrossing = 3,        // pb::Crossing by id
  kReview = 4,          // pb::Review by id
  kDataset = 5,         // pb::Dataset by id
  kCounter = 6,         // pb::Counter by "TENANT/YEAR"
  kMechanism = 7,       // pb::Mechanism by id
  kOutbox = 8,          // pb::PeerMessage by "REGION/SEQUENCE" (20 digits)
  kPeerMark = 9,        // pb::PeerMark by region
  kIdempotency = 10,    // job id (plain text) by "TENANT/USER/KEY"
  kDuty = 11,           // pb::Duty by the id of the crossing that it comes from
  kSpent = 12,          // pb::Usage of archived runs by "TENANT/MONTH/CURRENCY"
  kComputeOffer = 13,   // pb::ComputeOffer by id: those that are open
  kProposal = 20,       // pb::PolicyProposal by id
  kActivation = 21,     // pb::PolicyActivation by number (10 digits)
  kPolicyRecord = 22,   // pb::PolicyRecord by "state"
  kSession = 30,        // pb::Session by id
  kAccessToken = 31,    // pb::AccessToken by id
  kAccessRequest = 40,  // pb::AccessRequest by id
  kProject = 41,        // pb::Project by id
  // The archive: what is over and settled. Never loaded into a core; read from the store when somebody asks.
  kPastJob = 101,          // as kJob
  kPastRun = 102,          // as kRun
  kPastCrossing = 103,     // as kCrossing
  kPastReview = 104,       // as kReview
  kPastIdempotency = 110,  // as kIdempotency
  kPastOfTenant = 120,     // nothing, by "TENANT/JOB": the jobs of a tenant
  kPastBlob = 121,         // nothing, by "DIGEST/JOB": blobs that archived jobs keep
};

// The table that a row of the archive came from, for who reads archived objects into a core of its own.
constexpr Table present_of(Table table) {
  switch (table) {
    case Table::kPastJob:
      return Table::kJob;
    case Table::kPastRun:
      return Table::kRun;
    case Table::kPastCrossing:
      return Table::kCrossing;
    case Table::kPastReview:
      return Table::kReview;
    case Table::kPastIdempotency:
      return Table::kIdempotency;
    default:
      return table;
  }
}

constexpr bool is_past(Table table) {
  return static_cast<uint8_t>(table) > 100;
}

struct Record {
  Table table;
  std::string key;
  std::optional<std::string> value;  // serialised message; nothing: the row is removed

  bool operator==(const Record&) const = default;
};

}  // namespace hetao::federation
