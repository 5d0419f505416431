// Jobs wherever they are: open ones in the core, those that are over in the archive (federation/record.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/api/router.h"
#include "gateway/base/json.h"

namespace hetao::api {

struct FoundJob {
  const pb::Job* job = nullptr;  // nullptr: not there, or not the caller's to see; the two look the same
  const federation::Core* core = nullptr;             // that has its runs, crossings and reviews
  std::shared_ptr<const federation::Core> kept = {};  // of an archived one
};

// What is found in the core is only good until the next wait.
io::Awaitable<FoundJob> find_job(const Context& c, std::string id);
// What the archive has of a job and of all that belongs to it, in a core of its own; never null.
io::Awaitable<std::shared_ptr<const federation::Core>> past_family(Backend& backend, std::string id);
// The job that this Idempotency-Key made, if it is archived; an error when the archive can't be read: then
// nobody knows, and a job made all the same could be the second. Nothing may be awaited between this and the
// submission.
io::Awaitable<Result<std::optional<pb::Job>>> past_job_of_key(Backend& backend,
                                                              const pb::Principal& submitter,
                                                              const std::string& key);

struct JobPage {
  json::array jobs;
  std::string next;  // where the next page begins; empty: this is the last one
};

// At most `most` jobs, newest first, below the id `below` (empty: from the newest). A page may hold fewer, or
// none, and still have a next one: a filter that takes little is not searched for without an end.
io::Awaitable<Result<JobPage>> page_of_jobs(const Context& c, std::function<bool(const pb::Job&)> takes,
                                            std::function<json::value(const pb::Job&)> show, size_t most,
                                            std::string below);

}  // namespace hetao::api
