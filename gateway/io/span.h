// A span: one thing that took time, as OpenTelemetry tells it; and a batch of them as OTLP/JSON. Plain
// values. Source: opentelemetry-proto 1.3, trace/v1/trace.proto and its JSON mapping (ids in hex, times as
// text).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/base/trace_context.h"

namespace hetao::io {

enum class SpanKind { kInternal = 1, kServer = 2, kClient = 3, kProducer = 4, kConsumer = 5 };

using SpanAttributes = std::vector<std::pair<std::string, std::variant<std::string, int64_t>>>;

struct SpanEvent {
  Instant at;
  std::string name;
};

struct Span {
  TraceId trace{};
  SpanId id{};
  std::optional<SpanId> parent;
  std::string name;
  SpanKind kind = SpanKind::kInternal;
  Instant began;
  Instant ended;
  SpanAttributes attributes = {};
  std::vector<SpanEvent> events = {};
  bool failed = false;
  std::string why = {};  // if it failed
};

// The body of a POST to /v1/traces. `resource`: who tells all of it.
std::string otlp_json(const SpanAttributes& resource, std::span<const Span> spans);

}  // namespace hetao::io
