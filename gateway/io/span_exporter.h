// Spans to a collector, as OTLP over HTTP with JSON (POST ENDPOINT/v1/traces). Whoever adds a span never
// waits: the queue is bounded, and what does not fit is dropped and counted. A collector that does not answer
// costs nothing but that. Thread-safe; a thread of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/base/result.h"
#include "gateway/io/span.h"

namespace hetao::io {

struct SpanExport {
  std::string endpoint;  // "http://HOST:4318"; empty: nothing is exported
  std::string ca;        // PEM file, for https; empty: the system's
};

struct SpanStats {
  uint64_t sent = 0;
  uint64_t dropped = 0;  // the queue was full, or the collector refused them
  uint64_t waiting = 0;
};

class SpanExporter {
 public:
  static Result<std::unique_ptr<SpanExporter>> open(const SpanExport& config, SpanAttributes resource);
  // Sends what waits once more, if the collector answers.
  ~SpanExporter();
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  void add(Span span);
  SpanStats stats() const;

 private:
  struct Parts;
  explicit SpanExporter(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Where this process's spans go, as lines go to its log: set once at the start, before anybody has any.
void set_span_exporter(std::unique_ptr<SpanExporter> exporter);
// Whether anybody collects spans at all.
bool spans_wanted();
void add_span(Span span);
SpanStats span_stats();

}  // namespace hetao::io
