#include "gateway/io/job_trace.h"

#include <algorithm>

#include "gateway/base/limits.h"
#include "gateway/federation/facts.h"
#include "gateway/ledger/sha256.h"

namespace hetao::io {

namespace {

template <size_t N>
std::array<uint8_t, N> id_of(std::string_view kind, std::string_view id) {
  std::string text("hetao ");
  text.append(kind).append(" ").append(id);
  const Digest digest = ledger::sha256(as_bytes(text));
  std::array<uint8_t, N> out{};
  std::copy_n(digest.bytes.begin(), N, out.begin());
  return out;
}

// Tags are sorted by key.
void add_tag(pb::Task& task, std::string_view key, std::string_view value) {
  auto& tags = *task.mutable_tags();
  const auto at =
      std::find_if(tags.begin(), tags.end(), [&](const pb::Tag& tag) { return tag.key() >= key; });
  const auto place = static_cast<int>(at - tags.begin());
  if (at != tags.end() && at->key() == key) return;
  if (static_cast<size_t>(tags.size()) >= limits::kTagsMax) return;
  pb::Tag& added = *tags.Add();
  added.set_key(std::string(key));
  added.set_value(std::string(value));
  for (int i = tags.size() - 1; i > place; --i) tags.SwapElements(i, i - 1);
}

}  // namespace

void remember_origin(pb::Task& task, std::string_view traceparent, std::string_view request) {
  if (const auto context = parse_traceparent(traceparent)) add_tag(task, kTraceTag, to_traceparent(*context));
  if (!request.empty()) add_tag(task, kRequestTag, request);
}

SpanId span_of(std::string_view kind, std::string_view id) {
  return id_of<8>(kind, id);
}

JobTrace trace_of_job(std::string_view job, const pb::Task& task) {
  JobTrace out;
  if (const auto told = parse_traceparent(federation::tag_of(task.tags(), kTraceTag))) {
    out.context = *told;
    out.of = told->span;
  } else {
    out.context.trace = id_of<16>("trace", job);
  }
  out.context.span = span_of("job", job);
  return out;
}

}  // namespace hetao::io
