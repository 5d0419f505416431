// HTTP requests for those who operate the gateway: a line of the log for each that changed something or
// failed here, and a span for each that belongs to a client's trace (its `traceparent`). Io thread.
#pragma once

#include <functional>

#include "gateway/base/time.h"
#include "gateway/io/http.h"

namespace hetao::io {

// Answers as `handler` does.
HttpHandler traced(HttpHandler handler, std::function<Instant()> clock);

}  // namespace hetao::io
