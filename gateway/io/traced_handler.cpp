#include "gateway/io/traced_handler.h"

#include <memory>

#include "gateway/base/bytes.h"
#include "gateway/io/asio.h"
#include "gateway/io/job_trace.h"
#include "gateway/io/log_line.h"
#include "gateway/io/span_exporter.h"

namespace hetao::io {

namespace {

constexpr int kServerError = 500;

struct Traced {
  HttpHandler handler;
  std::function<Instant()> clock;
};

// What is told of a request. Of its target the path alone: a query may hold what is nobody's business.
struct Facts {
  std::string method;
  std::string path;
  std::string id;
  Instant began;
  std::optional<TraceContext> context;
};

void log(const Facts& facts, int status, Duration took) {
  const bool reads = facts.method == "GET" || facts.method == "HEAD";
  if (reads && status < kServerError) return;
  log_info(facts.method + " " + facts.path,
           {{"status", std::to_string(status)},
            {"micros", std::to_string(took.micros)},
            {"request", facts.id},
            {"trace", facts.context ? to_hex(facts.context->trace) : std::string()}});
}

Span span_of_request(const Facts& facts, int status, Instant ended) {
  Span span{facts.context->trace,
            span_of("request", facts.id + " " + std::to_string(facts.began.micros)),
            facts.context->span,
            facts.method + " " + facts.path,
            SpanKind::kServer,
            facts.began,
            ended};
  span.attributes = {{"http.request.method", facts.method},
                     {"url.path", facts.path},
                     {"http.response.status_code", int64_t{status}},
                     {"hetao.request", facts.id}};
  span.failed = status >= kServerError;
  return span;
}

Awaitable<HttpResponse> answer(std::shared_ptr<const Traced> how, HttpRequest request) {
  Facts facts{request.method, std::string(request.path()), request.id, how->clock(), std::nullopt};
  if (request.headers.count("traceparent") == 1)
    facts.context = parse_traceparent(request.headers.get("traceparent"));
  HttpResponse response = co_await how->handler(std::move(request));
  const Instant ended = how->clock();
  log(facts, response.status, ended - facts.began);
  if (facts.context && facts.context->sampled) add_span(span_of_request(facts, response.status, ended));
  co_return response;
}

}  // namespace

HttpHandler traced(HttpHandler handler, std::function<Instant()> clock) {
  auto how = std::make_shared<const Traced>(Traced{std::move(handler), std::move(clock)});
  return [how](HttpRequest request) { return answer(how, std::move(request)); };
}

}  // namespace hetao::io
