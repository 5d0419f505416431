// A slurmrestd of a few jobs, over real HTTP (fake_cluster.h has the server): it does what is asked of it,
// and whatever a test wants it to do wrong. Nothing runs: tests say what became of a job.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "tests/unit/io/fake_cluster.h"

namespace hetao::io {

class FakeSlurm {
 public:
  FakeSlurm();

  std::string endpoint() const { return server_.endpoint(); }

  // Instead of its own answer; `before`: nothing was done then; `after`: it was.
  void before(FakeCluster::Meddle meddle);
  void after(FakeCluster::Meddle meddle);
  // Every other token is answered as slurmrestd answers one that has ended.
  void accept_only(const std::string& token);

  void set_state(int64_t id, const std::string& state, int64_t wait_status = 0);
  void forget(int64_t id);
  // As if the same submission had come once more.
  int64_t repeat(int64_t id);

  struct Job {
    std::string comment, name, user;
    std::string state = "PENDING";
    int64_t wait_status = 0;
    bool held = true;
  };
  std::map<int64_t, Job> jobs() const;
  size_t asked(const std::string& method, const std::string& part) const {
    return server_.asked(method, part);
  }

 private:
  FakeAnswer answer(const FakeRequest& request);
  FakeAnswer submit(const FakeRequest& request);
  FakeAnswer one_job(const FakeRequest& request, int64_t id);

  mutable std::mutex mutex_;
  FakeCluster::Meddle before_, after_;
  std::string token_;
  std::map<int64_t, Job> jobs_;
  int64_t next_id_ = 40;
  FakeCluster server_;  // last: its threads use the rest
};

}  // namespace hetao::io
