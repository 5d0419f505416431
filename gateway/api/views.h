// What the core knows, as the JSON of openapi.yaml. Pure; no member is written that is empty, unless the
// description requires it.
#pragma once

#include <string>

#include "gateway/base/json.h"
#include "gateway/base/time.h"
#include "gateway/federation/core.h"
#include "gateway/ledger/entry.h"
#include "proto/state.pb.h"

namespace hetao::api {

json::object to_json(const pb::Verdict& verdict);
json::object to_json(const pb::Crossing& crossing);
json::object to_json(const federation::Candidate& candidate);
json::object to_json(const pb::Dataset& dataset, bool is_here);
json::object to_json(const pb::Mechanism& mechanism);
json::object to_json(const pb::Delivery& output);
json::object to_json(const federation::PeerState& peer);
json::object to_json(const ledger::Entry& entry);

// Without the submitter's name, which is not the core's to know (people_names.h).
json::object job_summary(const pb::Job& job);
// With crossings, outputs and open reviews.
json::object job_whole(const federation::Core& core, const pb::Job& job);
json::object review_view(const federation::Core& core, const pb::Review& review);
std::string amount_view(int64_t micros);  // millionths as a decimal: "0.35"
json::object platform_view(const pb::Platform& platform);
json::object executor_view(const pb::ExecutorLog& log, bool with_streams);

// A list of facts as an object.
json::object facts_json(const google::protobuf::RepeatedPtrField<pb::Fact>& facts);

// "shenzhen/17"; empty when nothing was booked.
std::string decision_id(const pb::Verdict& verdict);

// Absent from `out` when empty or 0.
void put(json::object& out, std::string_view key, const std::string& value);
// "2026-11-23 19:55:51 +08:00".
std::string local_time(Instant time);
void put_time(json::object& out, std::string_view key, int64_t micros);

}  // namespace hetao::api
