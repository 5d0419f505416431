// Spans as OTLP/JSON; what a job's trace is; and an exporter that never makes anybody wait.
#include "gateway/io/span.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>

#include "gateway/base/json.h"
#include "gateway/io/job_trace.h"
#include "gateway/io/span_exporter.h"

namespace hetao::io {
namespace {

constexpr std::string_view kClient = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Span, IsOtlpJson) {
  Span span{trace_of_job("j1", {}).context.trace,
            span_of("job", "j1"),
            span_of("request", "r1"),
            "job",
            SpanKind::kServer,
            Instant{1'000'001},
            Instant{2'000'002}};
  span.attributes = {{"hetao.job", "j1"}, {"hetao.bytes", int64_t{7}}};
  span.events = {{Instant{1'500'000}, "running"}};
  span.failed = true;
  span.why = "\xff is no UTF-8";
  const auto text = otlp_json({{"service.name", "hetao-gateway"}}, std::span(&span, 1));
  const auto value = parse_json(text, "spans");
  ASSERT_TRUE(value) << text;
  const json::value& resource = value->at("resourceSpans").at(0);
  EXPECT_EQ(resource.at("resource").at("attributes").at(0).at("value").at("stringValue"), "hetao-gateway");
  const json::value& one = resource.at("scopeSpans").at(0).at("spans").at(0);
  EXPECT_EQ(one.at("traceId").as_string().size(), 32U);
  EXPECT_EQ(one.at("spanId").as_string().size(), 16U);
  EXPECT_EQ(one.at("parentSpanId").as_string().size(), 16U);
  EXPECT_EQ(one.at("kind"), 2);
  EXPECT_EQ(one.at("startTimeUnixNano"), "1000001000");
  EXPECT_EQ(one.at("endTimeUnixNano"), "2000002000");
  EXPECT_EQ(one.at("attributes").at(1).at("value").at("intValue"), "7");
  EXPECT_EQ(one.at("events").at(0).at("name"), "running");
  EXPECT_EQ(one.at("status").at("code"), 2);
}

TEST(JobTrace, IsTheClientsWhereItToldOne) {
  pb::Task task;
  remember_origin(task, kClient, "req-7");
  const JobTrace trace = trace_of_job("j1", task);
  EXPECT_EQ(trace.context.trace, parse_traceparent(kClient)->trace);
  EXPECT_EQ(trace.of, parse_traceparent(kClient)->span);
  EXPECT_EQ(trace.context.span, span_of("job", "j1"));
}

TEST(JobTrace, IsTheSameOnBothSidesWithoutOne) {
  const JobTrace trace = trace_of_job("j1", {});
  EXPECT_EQ(trace.context, trace_of_job("j1", {}).context);
  EXPECT_NE(trace.context.trace, trace_of_job("j2", {}).context.trace);
  EXPECT_FALSE(trace.of);
}

TEST(JobTrace, TagsStaySortedAndAJobsOwnCount) {
  pb::Task task;
  for (const char* key : {"a", "purpose", "z"}) task.add_tags()->set_key(key);
  remember_origin(task, kClient, "req-7");
  std::vector<std::string> keys;
  for (const pb::Tag& tag : task.tags()) keys.push_back(tag.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "purpose", "traceparent", "x-request-id", "z"}));
  remember_origin(task, "00-11111111111111111111111111111111-2222222222222222-01", "req-8");
  EXPECT_EQ(task.tags_size(), 5);
  EXPECT_EQ(trace_of_job("j1", task).context.trace, parse_traceparent(kClient)->trace);
  pb::Task none;
  remember_origin(none, "00-zz", "");
  EXPECT_EQ(none.tags_size(), 0);
}

// Nobody listens on port 1 of loopback.
TEST(SpanExporter, NeverMakesAnybodyWaitAndCountsWhatItDrops) {
  auto exporter = SpanExporter::open({"http://127.0.0.1:1", ""}, {});
  ASSERT_TRUE(exporter);
  const auto began = std::chrono::steady_clock::now();
  constexpr uint64_t kMany = 50'000;
  for (uint64_t i = 0; i < kMany; ++i) (*exporter)->add({});
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  const SpanStats stats = (*exporter)->stats();
  EXPECT_EQ(stats.sent, 0U);
  EXPECT_GT(stats.dropped, kMany / 2);
}

TEST(SpanExporter, AnAddressThatIsNoneIsRefused) {
  EXPECT_FALSE(SpanExporter::open({"ftp://collector", ""}, {}));
}

}  // namespace
}  // namespace hetao::io
