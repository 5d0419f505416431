// What slurmrestd is asked.
#include <algorithm>
#include <boost/json/serialize.hpp>

#include "gateway/platforms/json_value.h"
#include "gateway/platforms/slurm/rest.h"

namespace hetao::platforms::slurm {

namespace {

constexpr int64_t kMiB = int64_t{1} << 20U;
constexpr std::string_view kPath = "PATH=/usr/local/bin:/usr/bin:/bin";

std::string base_of(int version) {
  return "/slurm/v0.0." + std::to_string(version);
}

std::string job_target(int version, int64_t id) {
  return base_of(version) + "/job/" + std::to_string(id);
}

void put_if(json::object& out, const char* name, const std::string& value) {
  if (!value.empty()) out[name] = value;
}

}  // namespace

Result<int> choose_version(std::string_view openapi) {
  // Paths are keys, with or without escaped slashes: the newest "v0.0.N/job" that both sides know.
  constexpr std::string_view kMark = "/v0.0.";
  std::string plain;
  plain.reserve(openapi.size());
  for (const char c : openapi) {
    if (c != '\\') plain += c;
  }
  int newest = 0;
  int newest_there = 0;
  for (size_t at = plain.find(kMark); at != std::string::npos; at = plain.find(kMark, at + 1)) {
    size_t end = at + kMark.size();
    int version = 0;
    while (end < plain.size() && plain[end] >= '0' && plain[end] <= '9' && version < 1'000) {
      version = version * 10 + (plain[end++] - '0');
    }
    if (plain.compare(end, 4, "/job") != 0) continue;
    newest_there = std::max(newest_there, version);
    if (version >= kOldestVersion && version <= kNewestVersion) newest = std::max(newest, version);
  }
  if (newest != 0) return newest;
  return fail(ErrorCode::kFailed, "slurmrestd",
              newest_there == 0 ? "its /openapi/v3 names no version of the Slurm interface"
                                : "speaks v0.0." + std::to_string(newest_there) + " at most",
              "start it with openapi/v0.0.38 or newer, up to v0.0." + std::to_string(kNewestVersion));
}

HttpCall version_call() {
  return {"GET", "/openapi/v3", {}};
}

HttpCall submit_call(int version, const JobRequest& request) {
  json::object job{
      {"name", name_of(request.key)},
      {"comment", request.comment},
      {"current_working_directory", request.work_folder},
      {"standard_output", request.output_file},
      {"standard_error", request.output_file},
      {"nodes", version >= 39 ? json::value("1") : json::value(1)},
      {"tasks", 1},
      {"cpus_per_task", std::max<int64_t>(1, request.cores)},
      {"time_limit", std::max<int64_t>(1, request.minutes)},
      {"hold", true},
  };
  if (request.ram_bytes > 0) {
    const int64_t megabytes = (request.ram_bytes + kMiB - 1) / kMiB;
    job["memory_per_node"] =
        version >= 39 ? json::value(json::object{{"number", megabytes}, {"set", true}, {"infinite", false}})
                      : json::value(megabytes);
  }
  // One attempt is one start: whether there is another is the gateway's to decide.
  if (version >= 39) {
    job["requeue"] = false;
    job["environment"] = json::array{kPath};
  } else {
    job["no_requeue"] = true;
    job["environment"] = json::object{{"PATH", kPath.substr(kPath.find('=') + 1)}};
  }
  put_if(job, version >= 39 ? "tres_per_node" : "gres",
         version >= 39 && !request.gres.empty() ? "gres/" + request.gres : request.gres);
  put_if(job, "partition", request.route.partition);
  put_if(job, "account", request.route.account);
  put_if(job, "qos", request.route.qos);
  put_if(job, "reservation", request.route.reservation);
  put_if(job, "constraints", request.route.constraint);
  return {"POST", base_of(version) + "/job/submit",
          json::serialize(json::object{{"script", request.script}, {"job", std::move(job)}})};
}

HttpCall get_call(int version, int64_t id) {
  return {"GET", job_target(version, id), {}};
}

HttpCall list_call(int version) {
  return {"GET", base_of(version) + "/jobs", {}};
}

HttpCall release_call(int version, int64_t id) {
  return {"POST", job_target(version, id), R"({"hold":false})"};
}

HttpCall cancel_call(int version, int64_t id) {
  return {"DELETE", job_target(version, id), {}};
}

HttpCall nodes_call(int version) {
  return {"GET", base_of(version) + "/nodes", {}};
}

HttpCall partitions_call(int version) {
  return {"GET", base_of(version) + "/partitions", {}};
}

}  // namespace hetao::platforms::slurm
