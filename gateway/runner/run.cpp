#include "gateway/runner/run.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/platforms/json_members.h"
#include "gateway/runner/executor.h"
#include "gateway/runner/fence.h"
#include "gateway/runner/news.h"
#include "gateway/runner/outputs.h"
#include "gateway/runner/scratch.h"

namespace hetao::runner {

namespace {

using platforms::EndReason;
using platforms::RunState;
using platforms::RunStatus;

// Listens for somebody who wants the run to stop: the cancel marker, or a signal.
class StopWatch {
 public:
  explicit StopWatch(int folder) : folder_(folder) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals, signal);
    signals_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  int wake() const { return signals_.get(); }

  bool wanted() {
    signalfd_siginfo info{};
    while (signals_ && ::read(signals_.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo != SIGUSR1) signal_ = static_cast<int>(info.ssi_signo);
    }
    cancelled_ = cancelled_ || exists_at(folder_, "cancel");
    return cancelled_ || signal_ != 0;
  }

  // As `wanted`, but waits for so long for the word to come.
  bool wanted_within(std::chrono::milliseconds patience) {
    pollfd word{signals_.get(), POLLIN, 0};
    if (!wanted()) (void)::poll(&word, 1, static_cast<int>(patience.count()));
    return wanted();
  }

  bool cancelled() const { return cancelled_; }
  int signal() const { return signal_; }

 private:
  int folder_;
  Fd signals_;
  bool cancelled_ = false;
  int signal_ = 0;
};

constexpr std::chrono::milliseconds kWordPatience{2'000};

bool ended_as_if_told_to(const platforms::ExecutorLog& log) {
  return log.signal == SIGTERM || log.exit_code == 128 + SIGTERM;
}

class Execution {
 public:
  Execution(const std::string& path, int folder, const Submission& submission, std::string init)
      : path_(path), folder_(folder), submission_(submission), init_(std::move(init)), stop_(folder) {
    status_.key = submission.spec.key;
    status_.state = RunState::kRunning;
    status_.started = wall_clock();
    deadline_ = steady_clock() + Duration::seconds(submission.spec.limits.wall_seconds);
  }

  RunStatus run() {
    remember();
    if (!stop_.wanted()) {
      auto scratch = Scratch::prepare(folder_, path_, submission_.sandbox, submission_.spec, init_);
      if (scratch) {
        run_executors(*scratch);
        if (!stop_.wanted()) collect(*scratch);
      } else {
        status_.failure = to_line(scratch.error());
      }
    }
    finish();
    return status_;
  }

 private:
  void run_executors(const Scratch& scratch) {
    const auto& executors = submission_.spec.executors;
    for (size_t i = 0; i < executors.size() && !stop_.wanted(); ++i) {
      const ExecutorJob job{
          submission_.sandbox, submission_.spec, scratch, i, folder_, deadline_, stop_.wake(), [this] {
            return stop_.wanted();
          }};
      status_.executors.push_back({});
      status_.executors.back().started = wall_clock();
      remember();
      status_.executors.back() = run_executor(job);
      // A scheduler that stops a job tells its programs and us, in either order.
      if (ended_as_if_told_to(status_.executors.back())) (void)stop_.wanted_within(kWordPatience);
      if (!may_go_on(i)) break;
      remember();
    }
  }

  // Sets the failure if not.
  bool may_go_on(size_t index) {
    const auto& log = status_.executors[index];
    const bool by_itself = log.reason == EndReason::kExited || log.reason == EndReason::kSignalled;
    if (log.exit_code == 0 && by_itself) return true;
    // A limit is the run's, and a broken sandbox nobody asked to ignore.
    if (submission_.spec.executors[index].ignore_error && by_itself) return true;
    const std::string what = "executor " + std::to_string(index);
    if (!log.message.empty()) {
      status_.failure = what + ": " + log.message;
    } else if (log.signal != 0) {
      status_.failure = what + " was ended by signal " + std::to_string(log.signal);
    } else {
      status_.failure = what + " ended with exit code " + std::to_string(log.exit_code);
    }
    return false;
  }

  void collect(const Scratch& scratch) {
    auto outputs = collect_outputs(folder_, scratch, submission_.spec);
    if (outputs) {
      status_.outputs = std::move(*outputs);
    } else if (status_.failure.empty()) {
      status_.failure = to_line(outputs.error());
    } else {
      status_.notes.push_back(to_line(outputs.error()));
    }
  }

  void finish() {
    status_.ended = wall_clock();
    status_.state = RunState::kEnded;
    if (stop_.cancelled()) {
      status_.state = RunState::kCancelled;
      status_.failure = "cancelled";
    } else if (stop_.signal() != 0) {
      // Nobody asked for this run's end: the machine goes down, or an operator stopped everything.
      status_.state = RunState::kLost;
      status_.failure = "the runner was told to stop by signal " + std::to_string(stop_.signal()) +
                        ": the machine is going down, perhaps";
    }
    status_.failure = readable(status_.failure, limits::kTextFieldBytesMax);
    for (std::string& note : status_.notes) note = readable(note, limits::kTextFieldBytesMax);
    remember();
  }

  // A status that can't be written must not stop the job: the next one may go. The last one decides: without
  // it the run counts as lost.
  void remember() {
    if (const auto ok = write_status(folder_, status_); !ok && status_.notes.empty()) {
      status_.notes.push_back(to_line(ok.error()));
    }
    leave_news(folder_, status_.key);
  }

  std::string path_;
  int folder_;
  const Submission& submission_;
  std::string init_;
  StopWatch stop_;
  RunStatus status_;
  Instant deadline_;
};

}  // namespace

namespace {

// Which of its devices are the job's, as the scheduler has told us.
void tell_visible_devices(platforms::RunSpec& spec) {
  for (const char* name : {"ASCEND_RT_VISIBLE_DEVICES", "ASCEND_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES",
                           "GPU_DEVICE_ORDINAL", "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"}) {
    const char* value = std::getenv(name);
    if (value == nullptr) continue;
    for (platforms::ExecutorSpec& executor : spec.executors) {
      const auto at = std::lower_bound(executor.env.begin(), executor.env.end(),
                                       std::pair<std::string, std::string>(name, ""));
      if (at == executor.env.end() || at->first != name) executor.env.emplace(at, name, value);
    }
  }
}

}  // namespace

std::string print_submission(const Submission& submission) {
  return json::serialize(
      json::object{{"run", to_json(submission.spec)}, {"sandbox", to_json(submission.sandbox)}});
}

Result<Submission> parse_submission(std::string_view text) {
  const auto value = parse_json(text, "spec.json", limits::kRunSpecBytesMax);
  if (!value) return fail(value.error());
  platforms::JsonMembers members(*value, "");
  const json::value* run = members.member("run");
  const json::value* sandbox = members.member("sandbox");
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  if (run == nullptr || sandbox == nullptr)
    return fail(ErrorCode::kUsage, "spec.json", "lacks run or sandbox");
  auto spec = platforms::read_run_spec(*run);
  if (!spec) return fail(spec.error());
  auto config = platforms::read_sandbox_config(*sandbox);
  if (!config) return fail(config.error());
  return Submission{std::move(*spec), std::move(*config)};
}

Result<RunStatus> read_status(int folder) {
  const auto text = read_file_at(folder, "status.json", limits::kRunStatusBytesMax);
  if (!text) return fail(text.error());
  return platforms::parse_run_status(*text);
}

Result<void> write_status(int folder, const RunStatus& status) {
  return replace_file_durably(folder, "status.json", json::serialize(to_json(status)));
}

Result<OwnedRun> OwnedRun::take(const std::string& folder) {
  OwnedRun out;
  out.path_ = folder;
  auto opened = open_folder(folder);
  if (!opened) return fail(opened.error());
  out.folder_ = std::move(*opened);
  const auto text = read_file_at(out.folder_.get(), "spec.json", limits::kRunSpecBytesMax);
  if (!text) return fail(text.error());
  auto submission = parse_submission(*text);
  if (!submission) return fail(submission.error());
  if (!submission->spec.devices.empty()) tell_visible_devices(submission->spec);
  out.submission_ = std::move(*submission);
  if (!exists_at(out.folder_.get(), "release")) {
    return fail(ErrorCode::kFailed, out.submission_.spec.key, "is held", "release it first");
  }
  auto token = take_token(out.folder_.get());
  if (!token) return fail(token.error());
  if (*token) out.token_ = std::move(**token);
  return out;
}

RunStatus OwnedRun::execute(const std::string& init) {
  return Execution(path_, folder_.get(), submission_, init).run();
}

Result<void> try_sandbox(const std::string& folder, const platforms::SandboxConfig& config,
                         const std::string& init) {
  const auto opened = open_folder(folder);
  if (!opened) return fail(opened.error());
  platforms::RunSpec spec;
  spec.key = "check";
  spec.executors.push_back({"check", {"true"}, "", "", "", "", {}, false});
  spec.limits.wall_seconds = 30;
  spec.limits.grace_seconds = 0;
  platforms::SandboxConfig trial = config;
  trial.containers = {};
  trial.host_root_images = {"check"};
  const auto scratch = Scratch::prepare(opened->get(), folder, trial, spec, init);
  if (!scratch) return fail(scratch.error());
  const auto log =
      run_executor({trial, spec, *scratch, 0, opened->get(), steady_clock() + Duration::seconds(30), -1, {}});
  if (log.reason == EndReason::kExited && log.exit_code == 0) return {};
  return fail(
      ErrorCode::kFailed, "sandbox check",
      log.message.empty() ? "`true` ended with exit code " + std::to_string(log.exit_code) : log.message);
}

}  // namespace hetao::runner
