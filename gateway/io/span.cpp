#include "gateway/io/span.h"

#include <boost/json/serialize.hpp>

#include "gateway/base/bytes.h"
#include "gateway/base/json.h"
#include "gateway/base/text.h"

namespace hetao::io {

namespace {

constexpr int kStatusError = 2;

std::string nanos(Instant at) {
  return std::to_string(at.micros) + "000";
}

// Text of jobs and peers may be anything, and JSON is UTF-8.
json::object value_of(const std::variant<std::string, int64_t>& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return {{"intValue", std::to_string(*number)}};
  return {{"stringValue", to_utf8(std::get<std::string>(value))}};
}

json::array to_json(const SpanAttributes& attributes) {
  json::array out;
  for (const auto& [key, value] : attributes) out.push_back({{"key", key}, {"value", value_of(value)}});
  return out;
}

json::object to_json(const Span& span) {
  json::object out;
  out["traceId"] = to_hex(span.trace);
  out["spanId"] = to_hex(span.id);
  if (span.parent) out["parentSpanId"] = to_hex(*span.parent);
  out["name"] = to_utf8(span.name);
  out["kind"] = static_cast<int>(span.kind);
  out["startTimeUnixNano"] = nanos(span.began);
  out["endTimeUnixNano"] = nanos(span.ended);
  if (!span.attributes.empty()) out["attributes"] = to_json(span.attributes);
  json::array events;
  for (const SpanEvent& event : span.events)
    events.push_back({{"timeUnixNano", nanos(event.at)}, {"name", to_utf8(event.name)}});
  if (!events.empty()) out["events"] = std::move(events);
  if (span.failed) out["status"] = {{"code", kStatusError}, {"message", to_utf8(span.why)}};
  return out;
}

}  // namespace

std::string otlp_json(const SpanAttributes& resource, std::span<const Span> spans) {
  json::array list;
  for (const Span& span : spans) list.push_back(to_json(span));
  const json::object scope = {{"scope", {{"name", "hetao"}}}, {"spans", std::move(list)}};
  const json::object all = {{"resource", {{"attributes", to_json(resource)}}},
                            {"scopeSpans", json::array{scope}}};
  return json::serialize(json::object{{"resourceSpans", json::array{all}}});
}

}  // namespace hetao::io
