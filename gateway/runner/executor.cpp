#include "gateway/runner/executor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <optional>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/platforms/container_path.h"
#include "gateway/platforms/local/containers.h"
#include "gateway/runner/init_protocol.h"
#include "gateway/runner/log_tail.h"
#include "gateway/runner/sandbox_process.h"
#include "gateway/runner/usage.h"

namespace hetao::runner {

namespace {

using platforms::EndReason;
using platforms::Engine;
using platforms::ExecutorLog;

constexpr Duration kRamInterval = Duration::millis(50);
constexpr Duration kDiskInterval = Duration::millis(250);
// Measuring may cost this share of a core: memory 1/20, disk 1/20.
constexpr int64_t kMeasureShare = 20;
// What a process may reserve beyond what the run may use: runtimes reserve more than they touch.
constexpr int64_t kReserveBytes = int64_t{256} << 20U;
constexpr Duration kKillPatience = Duration::seconds(2);  // from "kill all inside" to killing the engine

Instant clock_now(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return {int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000};
}

std::string encode_instructions(const ExecutorJob& job, Engine engine) {
  const auto& executor = job.spec.executors[job.index];
  std::string out;
  const auto add = [&](const std::string& field) {
    out += field;
    out += '\0';
  };
  const auto add_list = [&](const std::vector<std::string>& list) {
    add(std::to_string(list.size()));
    for (const std::string& element : list) add(element);
  };
  add(kInitVersion);
  add(std::to_string(job.spec.limits.disk_bytes));
  add(std::to_string(2 * job.spec.limits.ram_bytes + kReserveBytes));
  add(std::to_string(job.spec.limits.processes));
  add(executor.workdir);
  add(executor.stdin_path);
  add(executor.stdout_path);
  add(executor.stderr_path);
  std::vector<std::string> folders;  // programs expect the folders of their outputs to be there
  for (const auto& output : job.spec.outputs) {
    const bool whole =
        output.type == platforms::OutputType::kDirectory && !platforms::has_wildcard(output.path);
    folders.push_back(whole ? output.path : platforms::literal_folder(output.path));
  }
  add_list(folders);
  add_list(executor.command);
  std::vector<std::string> variables;
  for (const auto& [name, value] : platforms::environment(executor, engine)) {
    variables.push_back(name + "=" + value);
  }
  add_list(variables);
  return out;
}

class Watch {
 public:
  Watch(const ExecutorJob& job, SandboxProcess& process, LogTail& out, LogTail& err, bool measured)
      : job_(job), process_(process), out_(out), err_(err), measured_(measured) {
    next_ram_ = next_disk_ = steady_clock() + kRamInterval;
  }

  // Until the engine's process has ended and its streams are read.
  void run() {
    while (!ended_) {
      const Instant now = steady_clock();
      check_limits(now);
      carry_out_stop(now);
      wait_for_news(now);
    }
    read_control();
    drain(process_.out(), out_, nullptr);
    drain(process_.err(), err_, &said_);
    process_.wait();
    if (auto problem = disk_problem(); !stop_ && problem) {
      begin_stop(EndReason::kDisk, steady_clock(), std::move(*problem));
    }
  }

  void fill(ExecutorLog& log) const {
    if (report_) {
      log.cpu_micros = report_->cpu_micros;
      log.ram_peak_bytes = report_->ram_peak_bytes;
    }
    fill_status(log);
    if (stop_) {
      log.reason = *stop_;
      log.message = message_;
    }
  }

  bool never_started() const { return !started_ && !report_; }
  bool stopped() const { return stop_.has_value(); }
  const std::string& said() const { return said_; }

 private:
  void fill_status(ExecutorLog& log) const {
    if (!report_) {  // killed from outside, or the sandbox broke down under it
      log.reason = EndReason::kSignalled;
      log.signal = SIGKILL;
      log.exit_code = 128 + SIGKILL;
      log.message = "the sandbox ended without a word";
    } else if (report_->event == InitEvent::kRefused) {
      log.exit_code = report_->value & 0xff;
    } else if (WIFSIGNALED(report_->value)) {
      log.reason = WTERMSIG(report_->value) == SIGXFSZ ? EndReason::kDisk : EndReason::kSignalled;
      log.signal = WTERMSIG(report_->value);
      log.exit_code = 128 + log.signal;
      if (log.reason == EndReason::kDisk) log.message = disk_message();
    } else {
      log.exit_code = WEXITSTATUS(report_->value);
    }
  }

  std::string disk_message() const {
    return "it wrote more than the " + human_bytes(static_cast<uint64_t>(job_.spec.limits.disk_bytes)) +
           " of scratch space that the job asked for";
  }

  void begin_stop(EndReason reason, Instant now, std::string message) {
    if (stop_) return;
    stop_ = reason;
    message_ = std::move(message);
    // Time to tidy up is given where waiting does no harm.
    const bool gentle = reason == EndReason::kTimeout || reason == EndReason::kCancelled;
    kill_at_ = gentle ? now + Duration::seconds(job_.spec.limits.grace_seconds) : now;
    if (gentle) process_.send(kCommandTerminate);
  }

  void carry_out_stop(Instant now) {
    if (!stop_ || now < kill_at_) return;
    if (kills_sent_ == 0) process_.send(kCommandKill);
    // Not even hetao-init answers, or it does not run yet: the engine's end is the sandbox's end.
    if (kills_sent_ > 0 || never_started()) process_.kill();
    ++kills_sent_;
    kill_at_ = now + kKillPatience;
  }

  void check_limits(Instant now) {
    if (stop_) return;
    if (job_.stop_wanted && job_.stop_wanted()) return begin_stop(EndReason::kCancelled, now, "cancelled");
    if (now >= job_.steady_deadline) {
      return begin_stop(EndReason::kTimeout, now,
                        "its " + std::to_string(job_.spec.limits.wall_seconds) + " s were over");
    }
    if (measured_ && now >= next_ram_) check_processes(now);
    if (!stop_ && now >= next_disk_) {
      if (auto problem = disk_problem()) begin_stop(EndReason::kDisk, now, std::move(*problem));
      next_disk_ = after_cost(now, kDiskInterval);
    }
  }

  // The next time of a measurement that began at `began`, dear ones being rarer.
  static Instant after_cost(Instant began, Duration interval) {
    const Instant ended = steady_clock();
    return ended + std::max(interval, Duration{(ended - began).micros * kMeasureShare});
  }

  void check_processes(Instant now) {
    const auto& limits = job_.spec.limits;
    const auto used = measure_processes(process_.pid(), limits.processes);
    if (used.processes > limits.processes) {
      begin_stop(EndReason::kProcesses, now,
                 "it had more than " + std::to_string(limits.processes) + " processes");
    } else if (used.ram_bytes > limits.ram_bytes &&
               measure_proportional_ram(process_.pid(), limits.processes) > limits.ram_bytes) {
      begin_stop(EndReason::kMemory, now,
                 "it used more than the " + human_bytes(static_cast<uint64_t>(limits.ram_bytes)) +
                     " of memory that the job asked for");
    }
    next_ram_ = after_cost(now, kRamInterval);
  }

  std::optional<std::string> disk_problem() const {
    const Usage used = measure(job_.scratch.root(), job_.spec.limits.disk_bytes);
    if (used.too_deep) return "it nested folders deeper than " + std::to_string(limits::kRunFolderDepthMax);
    return used.too_many ? std::optional(disk_message()) : std::nullopt;
  }

  void wait_for_news(Instant now) {
    Instant until = std::min({job_.steady_deadline, next_disk_, measured_ ? next_ram_ : next_disk_});
    if (stop_) until = kill_at_;
    const int64_t millis = std::clamp<int64_t>((until - now).micros / 1'000 + 1, 0, 1'000);
    std::array<pollfd, 5> ready = {{{process_.process(), POLLIN, 0},
                                    {control_open_ ? process_.control() : -1, POLLIN, 0},
                                    {out_open_ ? process_.out() : -1, POLLIN, 0},
                                    {err_open_ ? process_.err() : -1, POLLIN, 0},
                                    {stop_ ? -1 : job_.wake, POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), static_cast<int>(millis)) <= 0) return;
    if (ready[1].revents != 0) read_control();
    if (ready[2].revents != 0) out_open_ = read_some(process_.out(), out_, nullptr);
    if (ready[3].revents != 0) err_open_ = read_some(process_.err(), err_, &said_);
    ended_ = ready[0].revents != 0;
  }

  void read_control() {
    while (control_open_) {
      InitReport report;
      const ssize_t n = ::recv(process_.control(), &report, sizeof report, MSG_DONTWAIT);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (n != sizeof report) {
        control_open_ = false;
        return;
      }
      if (report.event == InitEvent::kStarted) started_ = true;
      if (report.event != InitEvent::kStarted) report_ = report;
    }
  }

  // False at the stream's end.
  bool read_some(int fd, LogTail& log, std::string* said) {
    constexpr size_t kSaidBytesMax = 4'096;
    const ssize_t n = ::read(fd, part_.data(), part_.size());
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    const std::string_view bytes(part_.data(), static_cast<size_t>(n));
    log.write(bytes);
    if (said != nullptr && said->size() < kSaidBytesMax)
      *said += bytes.substr(0, kSaidBytesMax - said->size());
    return true;
  }

  // What is in the pipe; with podman somebody else may hold its other end.
  void drain(int fd, LogTail& log, std::string* said) {
    while (read_some(fd, log, said)) {
      pollfd more{fd, POLLIN, 0};
      if (::poll(&more, 1, 0) <= 0 || (more.revents & POLLIN) == 0) return;
    }
  }

  const ExecutorJob& job_;
  SandboxProcess& process_;
  LogTail& out_;
  LogTail& err_;
  const bool measured_;
  bool ended_ = false;
  bool started_ = false;
  bool control_open_ = true;
  bool out_open_ = true;
  bool err_open_ = true;
  std::optional<InitReport> report_;
  std::optional<EndReason> stop_;
  std::string message_;
  std::string said_;  // the beginning of standard error: before the start it is the engine's
  Instant kill_at_;
  int kills_sent_ = 0;
  Instant next_ram_;
  Instant next_disk_;
  std::array<char, size_t{64} << 10U> part_{};
};

Result<SandboxStart> plan_start(const ExecutorJob& job, Engine engine) {
  if (const auto there = check_engine(job.config, engine); !there) return fail(there.error());
  const auto binds = job.scratch.binds_for(engine);
  if (!binds) return fail(binds.error());
  SandboxStart start;
  start.cpu_cores = job.spec.limits.cpu_cores;
  start.key = job.spec.key;
  start.instructions = encode_instructions(job, engine);
  if (engine == Engine::kHostRoot) {
    start.command = platforms::bubblewrap_command(job.config);
    start.options = platforms::bubblewrap_options(job.spec, job.scratch.places(), *binds);
  } else {
    start.command = platforms::container_command(
        {job.config, job.spec, job.index, job.scratch.places(), *binds, ::geteuid() != 0});
  }
  return start;
}

// Streams that the task sent to files of its own: their tails are the log.
void copy_redirected(const ExecutorJob& job, const std::string& path, LogTail& log) {
  if (path.empty()) return;
  const auto found = job.scratch.find(path);
  struct stat info{};
  if (!found || ::fstat(found->fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  const std::string itself = "/proc/self/fd/" + std::to_string(found->fd.get());
  const Fd file(::open(itself.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return;
  std::vector<char> part(limits::kRunLogBytesMax);
  const off_t start = std::max<off_t>(0, info.st_size - static_cast<off_t>(part.size()));
  const ssize_t n = ::pread(file.get(), part.data(), part.size(), start);
  if (start > 0) log.skip(start);
  if (n > 0) log.write({part.data(), static_cast<size_t>(n)});
}

void fail_in_sandbox(ExecutorLog& log, const Error& error) {
  log.reason = EndReason::kSandbox;
  log.exit_code = 125;  // as container engines say
  log.message = readable(to_line(error), limits::kTextFieldBytesMax);
}

}  // namespace

Instant wall_clock() {
  return clock_now(CLOCK_REALTIME);
}

Instant steady_clock() {
  return clock_now(CLOCK_MONOTONIC);
}

Result<void> check_engine(const platforms::SandboxConfig& config, Engine engine) {
  for (const std::string& program : platforms::programs_of(config, engine)) {
    if (::access(program.c_str(), X_OK) != 0) return fail(platforms::missing_program(engine, program));
  }
  const std::string& images = config.containers.image_folder;
  if (engine == Engine::kHostRoot || images.empty() || ::access(images.c_str(), R_OK | X_OK) == 0) return {};
  return fail(os_error(images, "can't be read: images lie there", errno));
}

platforms::ExecutorLog run_executor(const ExecutorJob& job) {
  const auto& executor = job.spec.executors[job.index];
  ExecutorLog log;
  log.started = wall_clock();
  const auto give_up = [&](const Error& error) {
    fail_in_sandbox(log, error);
    log.ended = wall_clock();
    return log;
  };
  const std::string number = std::to_string(job.index);
  auto out = LogTail::create(job.folder, "stdout." + number, limits::kRunLogBytesMax);
  auto err = LogTail::create(job.folder, "stderr." + number, limits::kRunLogBytesMax);
  if (!out) return give_up(out.error());
  if (!err) return give_up(err.error());
  const auto engine = platforms::choose_engine(job.config, executor.image);
  if (!engine) return give_up(engine.error());
  const auto start = plan_start(job, *engine);
  if (!start) return give_up(start.error());
  auto process = SandboxProcess::start(*start);
  if (!process) return give_up(process.error());
  Watch watch(job, *process, *out, *err, *engine != Engine::kPodman);
  watch.run();
  watch.fill(log);
  if (watch.never_started() && !watch.stopped())
    return give_up(explain_sandbox_failure(*engine, watch.said()));
  copy_redirected(job, executor.stdout_path, *out);
  if (executor.stderr_path != executor.stdout_path) copy_redirected(job, executor.stderr_path, *err);
  out->finish();
  err->finish();
  log.stdout_bytes = out->bytes_written();
  log.stderr_bytes = err->bytes_written();
  log.ended = wall_clock();
  return log;
}

}  // namespace hetao::runner
