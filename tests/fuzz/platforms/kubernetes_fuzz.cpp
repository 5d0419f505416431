// Any answer of a Kubernetes cluster: read without harm, and never taken for more than it says. The first
// byte chooses the status.
#include <string>

#include "gateway/base/check.h"
#include "gateway/platforms/json_value.h"
#include "gateway/platforms/kubernetes/api.h"
#include "gateway/platforms/kubernetes/quantity.h"
#include "gateway/platforms/kubernetes/supply.h"
#include "gateway/platforms/kubernetes/watch.h"

using namespace hetao;
using namespace hetao::platforms;
using namespace hetao::platforms::kubernetes;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static constexpr int kStatuses[] = {0, 200, 201, 401, 403, 404, 409, 410, 422, 500, 502};
  const HttpReply reply{kStatuses[data[0] % 11U],
                        std::string(reinterpret_cast<const char*>(data + 1), size - 1), "none"};
  const JobReply created = read_created(reply);
  HETAO_CHECK(created.kind != ReplyKind::kAbsent);
  HETAO_CHECK(created.kind != ReplyKind::kOk || !created.job.name.empty());
  if (reply.status == 0) HETAO_CHECK(created.kind == ReplyKind::kUnknown);
  const JobReply job = read_job(reply);
  HETAO_CHECK(job.kind != ReplyKind::kRefused);
  HETAO_CHECK(job.kind != ReplyKind::kAbsent || reply.status == 404);
  (void)read_change(reply);
  (void)read_policy(reply);
  (void)read_version(reply);
  (void)read_jobs(reply);
  const auto nodes = read_nodes(reply);
  Requested requested;
  const auto pods = add_pods(reply, requested);
  if (nodes) {
    pb::Platform platform;
    add_supply(nodes->nodes, pods ? &requested : nullptr, {{"npu", "huawei.com/Ascend910"}}, platform);
    HETAO_CHECK(platform.cores_free() <= platform.cores_total());
  }
  if (const auto millis = parse_quantity_millis(reply.body)) HETAO_CHECK(*millis >= 0);

  RunSpec spec;
  spec.executors.resize(2);
  if (const auto list = read_list(reply)) {
    for (const json::value& item : list->items) {
      if (!item.is_object()) continue;
      const PodReading reading = read_pod(pod_of(item.get_object()), spec);
      HETAO_CHECK(reading.word != PodWord::kLost || !reading.why.empty());
    }
  }
  // The same bytes as a watch, whole and in pieces: the same changes.
  std::string whole;
  std::string pieces;
  const auto into = [](std::string& told) {
    return [&told](const PodRecord& pod, bool deleted) { told += pod.uid + (deleted ? "-" : "+"); };
  };
  WatchReader one("1", into(whole));
  (void)one.read(reply.body);
  WatchReader many("1", into(pieces));
  for (size_t i = 0; i < reply.body.size(); i += 7) {
    if (!many.read(std::string_view(reply.body).substr(i, 7))) break;
  }
  HETAO_CHECK(whole == pieces && one.version() == many.version());
  return 0;
}
