// Any reply of a Slurm cluster, over HTTP or from a command: read without harm, and never taken for more than
// it says. The first byte chooses the status and what is read.
#include <string>

#include "gateway/base/check.h"
#include "gateway/platforms/slurm/commands.h"
#include "gateway/platforms/slurm/rest.h"
#include "gateway/platforms/token.h"

using namespace hetao;
using namespace hetao::platforms;
using namespace hetao::platforms::slurm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static constexpr int kStatuses[] = {0, 200, 304, 400, 401, 404, 500, 502};
  const HttpReply reply{kStatuses[data[0] % 8U],
                        std::string(reinterpret_cast<const char*>(data + 1), size - 1), "none"};
  const SubmitReply submitted = read_submit(reply);
  HETAO_CHECK((submitted.kind == ReplyKind::kOk) == (submitted.id > 0));
  HETAO_CHECK(submitted.kind != ReplyKind::kAbsent);
  if (reply.status == 0) HETAO_CHECK(submitted.kind == ReplyKind::kUnknown);
  const JobReply job = read_job(reply, 1);
  if (job.kind == ReplyKind::kOk) HETAO_CHECK(job.job.id == 1);
  if (reply.status == 0) HETAO_CHECK(job.kind == ReplyKind::kUnknown);
  (void)end_of(job.job);
  (void)read_change(reply);
  const auto jobs = read_jobs(reply, "hetao:a:");
  if (jobs) {
    HETAO_CHECK(reply.status == 200);
    for (const JobRecord& one : *jobs) HETAO_CHECK(one.comment.starts_with("hetao:a:"));
  }
  (void)read_nodes(reply);
  (void)read_partitions(reply);
  (void)choose_version(reply.body);
  (void)token_expiry(reply.body);

  const CommandOutcome outcome{static_cast<int>(data[0] % 4U) - 1, reply.body, reply.body, "none"};
  const SubmitReply batch = read_sbatch(outcome);
  HETAO_CHECK((batch.kind == ReplyKind::kOk) == (batch.id > 0));
  (void)read_shown_job(outcome, 1);
  (void)read_shown_jobs(outcome, "hetao:a:");
  (void)read_shown_nodes(outcome);
  (void)read_changed(outcome);
  (void)read_accounting(outcome, 1, "a.1");
  (void)read_completion_line(reply.body, 1, "a.1");
  return 0;
}
