// A task on its way into the core: read, its inputs stored and inspected.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/api/router.h"
#include "proto/task.pb.h"

namespace hetao::api {

// How a submission ended: accepted, or the answer to give.
struct Submitted {
  std::string id;
  bool repeated = false;
  pb::Verdict verdict;
  std::vector<std::string> warnings;
  std::optional<io::HttpResponse> refused;
  std::function<void(bool)> told;  // for the answer that tells of it
};

// Reads the request's task, stores what it brings along, and asks the core.
io::Awaitable<Submitted> submit(const Context& c);

}  // namespace hetao::api
