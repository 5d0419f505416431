// Where a job stands in a trace. A client's own context comes with the job as its tag `traceparent` (the API
// puts the header there), and crosses with it; without one the ids are made of the job's. So both sides, and
// a gateway that was started again, know the same ids without telling each other.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/base/trace_context.h"
#include "proto/task.pb.h"

namespace hetao::io {

inline constexpr std::string_view kTraceTag = "traceparent";
// The id of the request that the client named itself, for the logs of both sides.
inline constexpr std::string_view kRequestTag = "x-request-id";

// Remembers what the client said of itself, as tags of the job; what the job already has stays. A
// `traceparent` that is none is left out.
void remember_origin(pb::Task& task, std::string_view traceparent, std::string_view request);

struct JobTrace {
  TraceContext context;      // of the job's spans; `span` is the job's own at its home
  std::optional<SpanId> of;  // the client's span, if it told one
};
JobTrace trace_of_job(std::string_view job, const pb::Task& task);

// The span of a thing that both sides know by one id.
SpanId span_of(std::string_view kind, std::string_view id);

}  // namespace hetao::io
