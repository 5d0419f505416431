// Any JSON text as a TES task: never a crash, mistakes always within bounds, and what is accepted comes back
// the same from its own printed form.
#include <cstdint>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "proto/tes_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  const auto value =
      parse_json(std::string_view(reinterpret_cast<const char*>(data), size), "task", limits::kTaskBytesMax);
  if (!value) return 0;
  const auto read = tes::read_task(*value);
  if (!read) {
    HETAO_CHECK(!read.error().empty() && read.error().size() <= tes::kMistakesMax);
    for (const tes::Mistake& mistake : read.error()) {
      HETAO_CHECK(mistake.pointer.empty() || mistake.pointer.front() == '/');
      HETAO_CHECK(to_line(mistake).find('\n') == std::string::npos);
    }
    return 0;
  }
  const auto again = tes::read_task(tes::write_task(read->task));
  HETAO_CHECK(again && again->task.SerializeAsString() == read->task.SerializeAsString());
  pb::Job job;
  *job.mutable_task() = read->task;
  job.set_state(pb::JOB_QUEUED);
  HETAO_CHECK(tes::write_job(job, tes::View::kFull).contains("executors"));
  return 0;
}
