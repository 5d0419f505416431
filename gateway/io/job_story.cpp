#include "gateway/io/job_story.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/record_state.h"
#include "gateway/federation/table.h"
#include "gateway/io/job_trace.h"
#include "gateway/io/log_line.h"
#include "gateway/io/span_exporter.h"

namespace hetao::io {

namespace {

using federation::Record;
using federation::Table;
using federation::to_word;

constexpr size_t kToldMax = 50'000;

template <class Message>
bool read(const Record& record, Message& out) {
  return record.value && out.ParseFromString(*record.value);
}

std::string run_key(const std::string& job, uint32_t attempt) {
  return job + "." + std::to_string(attempt);
}

// What every line of a job has, on both sides.
LogFields fields_of(const std::string& job, const pb::Task& task) {
  return {{"job", job},
          {"trace", to_hex(trace_of_job(job, task).context.trace)},
          {"request", federation::tag_of(task.tags(), kRequestTag)}};
}

void add(LogFields& fields, LogFields more) {
  std::move(more.begin(), more.end(), std::back_inserter(fields));
}

}  // namespace

bool JobStory::matters(const std::vector<Record>& records) {
  return std::any_of(records.begin(), records.end(), federation::has_ended);
}

bool JobStory::is_new(std::string what) {
  if (!told_.insert(what).second) return false;
  order_.push_back(std::move(what));
  if (order_.size() > kToldMax) {
    told_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

void JobStory::tell(const std::vector<Record>& records, Instant now) {
  for (const Record& record : records) {
    if (!federation::has_ended(record)) continue;
    if (pb::Job job; record.table == Table::kJob && read(record, job)) tell_job(job, now);
    if (pb::Run run; record.table == Table::kRun && read(record, run)) tell_run(run, record.key, now);
    if (pb::Crossing crossing; record.table == Table::kCrossing && read(record, crossing))
      tell_crossing(crossing, now);
  }
}

void JobStory::tell_job(const pb::Job& job, Instant now) {
  const Instant ended = job.ended_micros() != 0 ? Instant{job.ended_micros()} : now;
  if (ended < since_ || !is_new("job " + job.id())) return;
  const char* state = to_word(job.state());
  LogFields fields = fields_of(job.id(), job.task());
  add(fields,
      {{"state", state}, {"region", job.region()}, {"platform", job.platform()}, {"reason", job.reason()}});
  log_info("job has ended", fields);
  const JobTrace trace = trace_of_job(job.id(), job.task());
  if (!spans_wanted() || !trace.context.sampled) return;
  Span span{trace.context.trace,
            trace.context.span,
            trace.of,
            "job",
            SpanKind::kInternal,
            Instant{job.created_micros()},
            ended};
  span.attributes = {{"hetao.job", job.id()},
                     {"hetao.state", state},
                     {"hetao.region", job.region()},
                     {"hetao.platform", job.platform()},
                     {"hetao.tenant", job.submitter().tenant()},
                     {"hetao.attempts", int64_t{job.attempt()}}};
  for (const pb::StateChange& change : job.history())
    span.events.push_back({Instant{change.at_micros()}, to_word(change.state())});
  span.failed = job.state() != pb::JOB_COMPLETE;
  span.why = job.reason();
  add_span(std::move(span));
}

void JobStory::tell_run(const pb::Run& run, const std::string& key, Instant now) {
  if (!is_new("run " + key)) return;
  const pb::RunReport& report = run.report();
  const char* state = to_word(run.state());
  LogFields fields = fields_of(run.job(), run.task());
  add(fields, {{"attempt", std::to_string(run.attempt())},
               {"state", state},
               {"home", run.home_region()},
               {"platform", run.platform()},
               {"platform_id", run.platform_id()},
               {"reason", run.reason()}});
  log_info("run has ended", fields);
  const JobTrace trace = trace_of_job(run.job(), run.task());
  if (!spans_wanted() || !trace.context.sampled) return;
  Span span{trace.context.trace,
            span_of("run", key),
            trace.context.span,
            "run",
            SpanKind::kInternal,
            Instant{run.created_micros()},
            now};
  span.attributes = {{"hetao.job", run.job()},
                     {"hetao.attempt", int64_t{run.attempt()}},
                     {"hetao.state", state},
                     {"hetao.home", run.home_region()},
                     {"hetao.platform", run.platform()},
                     {"hetao.platform_id", run.platform_id()}};
  if (report.started_micros() != 0) span.events.push_back({Instant{report.started_micros()}, "started"});
  if (report.ended_micros() != 0) span.events.push_back({Instant{report.ended_micros()}, "ended"});
  span.failed = run.state() != pb::RUN_DONE;
  span.why = run.reason();
  add_span(std::move(span));
}

const pb::Task* JobStory::task_of(const pb::Crossing& crossing) const {
  if (const pb::Run* run = core_.run(run_key(crossing.job(), crossing.attempt()))) return &run->task();
  const pb::Job* job = core_.job(crossing.job());
  return job == nullptr ? nullptr : &job->task();
}

void JobStory::tell_crossing(const pb::Crossing& crossing, Instant now) {
  // Its copy was deleted, long after it ended.
  if (crossing.deleted_sequence() != 0 || !is_new("crossing " + crossing.id())) return;
  static const pb::Task kUnknown;
  const pb::Task* known = task_of(crossing);
  const pb::Task& task = known == nullptr ? kUnknown : *known;
  const char* state = to_word(crossing.state());
  LogFields fields = fields_of(crossing.job(), task);
  add(fields, {{"crossing", crossing.id()},
               {"state", state},
               {"from", crossing.from_region()},
               {"to", crossing.to_region()},
               {"kind", crossing.item().kind()},
               {"bytes", std::to_string(crossing.item().bytes())},
               {"reason", crossing.reason()}});
  log_info("crossing has ended", fields);
  const JobTrace trace = trace_of_job(crossing.job(), task);
  if (!spans_wanted() || !trace.context.sampled) return;
  const std::string& ours = core_.config().region;
  const bool leaves = crossing.from_region() == ours;
  Span span{trace.context.trace,
            span_of("crossing in " + ours, crossing.id()),
            trace.context.span,
            "crossing",
            leaves ? SpanKind::kProducer : SpanKind::kConsumer,
            Instant{crossing.created_micros()},
            now};
  span.attributes = {{"hetao.job", crossing.job()},
                     {"hetao.crossing", crossing.id()},
                     {"hetao.state", state},
                     {"hetao.from", crossing.from_region()},
                     {"hetao.to", crossing.to_region()},
                     {"hetao.kind", crossing.item().kind()},
                     {"hetao.bytes", crossing.item().bytes()}};
  span.failed = crossing.state() != pb::CROSSING_DONE;
  span.why = crossing.reason();
  add_span(std::move(span));
}

}  // namespace hetao::io
