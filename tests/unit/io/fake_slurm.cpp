#include "tests/unit/io/fake_slurm.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>

namespace hetao::io {

namespace {

constexpr std::string_view kJobs = "/slurm/v0.0.38/jobs";
constexpr std::string_view kJob = "/slurm/v0.0.38/job/";

FakeAnswer refusal(int code, const std::string& words) {
  return {500, json::serialize(json::object{
                   {"errors", json::array{json::object{{"error_number", code}, {"description", words}}}}})};
}

json::object printed(int64_t id, const FakeSlurm::Job& job) {
  return {{"job_id", id},
          {"name", job.name},
          {"comment", job.comment},
          {"user_name", job.user},
          {"job_state", job.state},
          {"state_reason", job.held && job.state == "PENDING" ? "JobHeldUser" : "None"},
          {"exit_code", job.wait_status},
          {"submit_time", 1'795'656'922}};
}

}  // namespace

FakeSlurm::FakeSlurm() {
  server_.before([this](const FakeRequest& request) -> std::optional<FakeAnswer> {
    FakeCluster::Meddle first;
    FakeCluster::Meddle last;
    {
      const std::lock_guard lock(mutex_);
      first = before_;
      last = after_;
    }
    if (auto said = first ? first(request) : std::nullopt) return said;
    FakeAnswer own = answer(request);
    auto said = last ? last(request) : std::nullopt;
    return said ? said : own;
  });
}

FakeAnswer FakeSlurm::answer(const FakeRequest& request) {
  const std::lock_guard lock(mutex_);
  if (request.target == "/openapi/v3") return {200, R"({"paths":{"/slurm/v0.0.38/job/submit":{}}})"};
  if (!token_.empty() && request.token != token_) return refusal(-1, "Unspecified error");
  if (request.is("POST", "/job/submit")) return submit(request);
  if (request.target.starts_with(kJob))
    return one_job(request, std::strtoll(request.target.c_str() + kJob.size(), nullptr, 10));
  if (request.target.starts_with(kJobs)) {
    json::array all;
    for (const auto& [id, job] : jobs_) all.push_back(printed(id, job));
    return {200, json::serialize(json::object{{"errors", json::array()}, {"jobs", std::move(all)}})};
  }
  return {404, "not found"};
}

FakeAnswer FakeSlurm::submit(const FakeRequest& request) {
  const json::object job = json::parse(request.body).as_object().at("job").as_object();
  Job& made = jobs_[++next_id_];
  made.comment = std::string(job.at("comment").as_string());
  made.name = std::string(job.at("name").as_string());
  made.held = job.at("hold").as_bool();
  return {200, json::serialize(json::object{{"job_id", next_id_}, {"errors", json::array()}})};
}

FakeAnswer FakeSlurm::one_job(const FakeRequest& request, int64_t id) {
  const auto at = jobs_.find(id);
  if (at == jobs_.end()) return refusal(2017, "Invalid job id specified");
  if (request.method == "POST") at->second.held = false;
  if (request.method == "DELETE") at->second.state = "CANCELLED";
  if (request.method != "GET") return {200, R"({"errors":[]})"};
  return {200, json::serialize(
                   json::object{{"errors", json::array()}, {"jobs", json::array{printed(id, at->second)}}})};
}

void FakeSlurm::before(FakeCluster::Meddle meddle) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(meddle);
}
void FakeSlurm::after(FakeCluster::Meddle meddle) {
  const std::lock_guard lock(mutex_);
  after_ = std::move(meddle);
}
void FakeSlurm::accept_only(const std::string& token) {
  const std::lock_guard lock(mutex_);
  token_ = token;
}
void FakeSlurm::set_state(int64_t id, const std::string& state, int64_t wait_status) {
  const std::lock_guard lock(mutex_);
  jobs_.at(id).state = state;
  jobs_.at(id).wait_status = wait_status;
}
void FakeSlurm::forget(int64_t id) {
  const std::lock_guard lock(mutex_);
  jobs_.erase(id);
}
int64_t FakeSlurm::repeat(int64_t id) {
  const std::lock_guard lock(mutex_);
  const Job same = jobs_.at(id);
  jobs_[++next_id_] = same;
  return next_id_;
}
std::map<int64_t, FakeSlurm::Job> FakeSlurm::jobs() const {
  const std::lock_guard lock(mutex_);
  return jobs_;
}

}  // namespace hetao::io
