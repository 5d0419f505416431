#include "gateway/io/span_exporter.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/base/text.h"
#include "gateway/io/http_client.h"
#include "gateway/io/random_number.h"

namespace hetao::io {

namespace {

constexpr size_t kQueueMax = 4'096;
constexpr size_t kBatchMax = 512;
constexpr auto kGather = std::chrono::milliseconds(500);  // for a batch that is not full
constexpr int64_t kAgainMillisFirst = 500;
constexpr int64_t kAgainMillisMost = 30'000;
constexpr Duration kCallPatience = Duration::seconds(5);  // also of the last call, when the gateway stops
constexpr size_t kAnswerBytesMax = size_t{64} << 10U;

// OTLP/HTTP: these may be sent again; every other refusal is for good.
bool may_repeat(int status) {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

struct SpanExporter::Parts {
  void work();
  bool gather(std::vector<Span>& batch);
  // False: the batch is to be sent again.
  bool send(const std::vector<Span>& batch);
  void pause(std::chrono::milliseconds how_long);
  void tell(const std::string& now);

  SpanExport config;
  SpanAttributes resource;
  std::unique_ptr<HttpClient> client;
  std::string trouble;  // what was said last; of the thread alone
  mutable std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::deque<Span> queue;
  SpanStats stats;
  std::thread thread;
};

// False: nothing waits, and it is to stop.
bool SpanExporter::Parts::gather(std::vector<Span>& batch) {
  std::unique_lock lock(mutex);
  wake.wait(lock, [&] { return stopping || !queue.empty(); });
  wake.wait_for(lock, kGather, [&] { return stopping || queue.size() >= kBatchMax; });
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(std::min(queue.size(), kBatchMax));
  batch.assign(std::move_iterator(queue.begin()), std::move_iterator(end));
  queue.erase(queue.begin(), end);
  return !batch.empty();
}

void SpanExporter::Parts::pause(std::chrono::milliseconds how_long) {
  std::unique_lock lock(mutex);
  wake.wait_for(lock, how_long, [&] { return stopping; });
}

// Once for each trouble, and once when it is over.
void SpanExporter::Parts::tell(const std::string& now) {
  if (now == trouble) return;
  if (now.empty())
    spdlog::info("traces: {} takes spans again", config.endpoint);
  else
    spdlog::warn("traces: {}: {}; spans wait, and are dropped when too many do", config.endpoint,
                 printable(now));
  trouble = now;
}

bool SpanExporter::Parts::send(const std::vector<Span>& batch) {
  const platforms::HttpReply reply = client->send({"POST", "/v1/traces", otlp_json(resource, batch)}, {});
  const bool taken = reply.status >= 200 && reply.status < 300;
  tell(taken               ? ""
       : reply.status == 0 ? reply.trouble
                           : "answers with status " + std::to_string(reply.status));
  if (!taken && may_repeat(reply.status)) return false;
  const std::lock_guard lock(mutex);
  (taken ? stats.sent : stats.dropped) += batch.size();
  return true;
}

void SpanExporter::Parts::work() {
  std::vector<Span> batch;
  while (gather(batch)) {
    int64_t again = kAgainMillisFirst;
    while (!send(batch)) {
      pause(jittered(again));
      again = std::min(2 * again, kAgainMillisMost);
      const std::lock_guard lock(mutex);
      if (!stopping) continue;
      stats.dropped += batch.size() + queue.size();
      return;
    }
  }
}

SpanExporter::SpanExporter(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

SpanExporter::~SpanExporter() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->stopping = true;
  }
  parts_->wake.notify_all();
  if (parts_->thread.joinable()) parts_->thread.join();
}

Result<std::unique_ptr<SpanExporter>> SpanExporter::open(const SpanExport& config, SpanAttributes resource) {
  auto client = HttpClient::open({config.endpoint, config.ca, kCallPatience, kAnswerBytesMax});
  if (!client) return fail(client.error());
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  parts->resource = std::move(resource);
  parts->client = std::move(*client);
  parts->thread = std::thread([raw = parts.get()] { raw->work(); });
  return std::unique_ptr<SpanExporter>(new SpanExporter(std::move(parts)));
}

void SpanExporter::add(Span span) {
  bool first = false;
  {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->queue.size() >= kQueueMax) {
      ++parts_->stats.dropped;
      return;
    }
    parts_->queue.push_back(std::move(span));
    first = parts_->queue.size() == 1 || parts_->queue.size() == kBatchMax;
  }
  if (first) parts_->wake.notify_one();
}

namespace {

std::unique_ptr<SpanExporter>& of_process() {
  static std::unique_ptr<SpanExporter> exporter;
  return exporter;
}

}  // namespace

void set_span_exporter(std::unique_ptr<SpanExporter> exporter) {
  of_process() = std::move(exporter);
}

bool spans_wanted() {
  return of_process() != nullptr;
}

void add_span(Span span) {
  if (of_process()) of_process()->add(std::move(span));
}

SpanStats span_stats() {
  return of_process() ? of_process()->stats() : SpanStats();
}

SpanStats SpanExporter::stats() const {
  const std::lock_guard lock(parts_->mutex);
  SpanStats now = parts_->stats;
  now.waiting = parts_->queue.size();
  return now;
}

}  // namespace hetao::io
