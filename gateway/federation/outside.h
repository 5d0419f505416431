// Stores outside the federation: object stores and web servers that s3:// and https:// URLs name. What a task
// reads from one is brought home before the job is offered, and then is an item like any other; what it
// writes to one goes there from home, when it has come back.
//
// Only what the configuration lists can be reached at all. A store of another jurisdiction is read under a
// permit of our own policy (the crossing has one side that can decide); outputs leave a region through its
// peers alone, so such a store is never written to.
#pragma once

#include <optional>
#include <string>

#include "gateway/federation/state.h"

namespace hetao::federation {

// "s3:", "http:" and "https:" URLs.
bool is_outside(std::string_view url);
bool is_outside(const pb::Input& input);
// The store whose longest beginning the URL has, and that this tenant may use.
const StoreConfig* store_of(const CoreConfig& config, std::string_view url, std::string_view tenant);

// An input that is not here yet, as far as it is known: the store's labels, no digest.
pb::Item outside_item(const State& s, const pb::Task& task, const pb::Input& input, std::string_view tenant);

// Whether our policy lets the job read what it names in stores of other jurisdictions: the strictest verdict,
// none when there is nothing to decide.
std::optional<pb::Verdict> decide_fetches(const State& s, const pb::Task& task,
                                          const pb::Principal& submitter, std::string_view purpose,
                                          std::string_view project, Instant now);

// Asks for every input from outside, and notes where outputs go. A URL that no store answers for ends the
// job.
void begin_fetches(State& s, pb::Job& job);
bool waits_for_fetches(const pb::Job& job);
void on_input_fetched(State& s, const InputFetched& event);
void resume_fetches(State& s, const pb::Job& job);

}  // namespace hetao::federation
