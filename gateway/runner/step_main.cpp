// hetao-step: the first process of a container that somebody else's scheduler starts, on whatever its image
// brings: linked statically, like hetao-init.
//
//   hetao-step start FOLDER        takes the run's token, or says why it must not start
//   hetao-step run OPTIONS -- COMMAND…   runs the program, keeps its streams apart, says how it ended
//
// What it says goes to the file that Kubernetes keeps as the container's last message, as a run status of one
// executor. The program could say the same itself: it can lie about its own end, and about nothing more.
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/platforms/kubernetes/pod.h"
#include "gateway/platforms/platform.h"
#include "gateway/runner/fence.h"
#include "gateway/runner/files.h"
#include "gateway/runner/log_tail.h"

namespace {

using namespace hetao;
using platforms::EndReason;
using platforms::ExecutorLog;
using runner::Fd;
using runner::LogTail;

constexpr int kTroubleCode = 12;
constexpr int kNotFoundCode = 127;  // as shells say
constexpr int kNotRunnableCode = 126;
constexpr const char* kLastMessage = "/dev/termination-log";
constexpr size_t kMessageBytesMax = 1'000;  // of 4,096 that Kubernetes keeps

Instant now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return {int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000};
}

int say(int code, const std::string& words) {
  std::fprintf(stderr, "hetao: %s\n", words.c_str());
  const Fd file(::open(kLastMessage, O_WRONLY | O_CLOEXEC));
  if (file) (void)!::write(file.get(), words.data(), std::min(words.size(), kMessageBytesMax));
  return code;
}

// What platforms::parse_run_status reads, without the library that prints it elsewhere.
std::string report_of(const ExecutorLog& log) {
  std::string out = R"({"key":"step","state":"ended","started_micros":0,"ended_micros":0,"executors":[{)";
  const auto number = [&](const char* name, int64_t value) {
    out += std::string("\"") + name + "\":" + std::to_string(value) + ",";
  };
  number("started_micros", log.started.micros);
  number("ended_micros", log.ended.micros);
  number("exit_code", log.exit_code);
  number("signal", log.signal);
  number("cpu_micros", log.cpu_micros);
  number("ram_peak_bytes", log.ram_peak_bytes);
  number("stdout_bytes", log.stdout_bytes);
  number("stderr_bytes", log.stderr_bytes);
  const char* reason = log.reason == EndReason::kSandbox     ? "sandbox"
                       : log.reason == EndReason::kSignalled ? "signalled"
                                                             : "exited";
  out += std::string(R"("reason":")") + reason + R"(","message":")";
  for (const char c : readable(log.message, kMessageBytesMax)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"}]}";
}

int start(const std::string& path) {
  const auto folder = runner::open_folder(path);
  if (!folder) return say(kTroubleCode, to_line(folder.error()));
  if (!runner::exists_at(folder->get(), "release"))
    return say(platforms::kubernetes::kNotReleasedCode, "the run is not released");
  if (runner::exists_at(folder->get(), "cancel"))
    return say(platforms::kubernetes::kNotReleasedCode, "the run is cancelled");
  const auto token = runner::take_token(folder->get());
  if (!token) return say(kTroubleCode, to_line(token.error()));
  if (!*token)
    return say(platforms::kubernetes::kDuplicateCode, "a duplicate start: another pod has the run");
  return 0;
}

struct Options {
  std::string log, step, in, out, err, workdir;
  bool ignore_error = false;
  std::vector<char*> command;  // with the null at its end
};

std::optional<Options> read_options(int count, char** words) {
  Options out;
  for (int i = 2; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--") {
      out.command.assign(words + i + 1, words + count);
      out.command.push_back(nullptr);
      break;
    }
    if (word == "--ignore-error") {
      out.ignore_error = true;
      continue;
    }
    std::string* value = word == "--log"       ? &out.log
                         : word == "--step"    ? &out.step
                         : word == "--stdin"   ? &out.in
                         : word == "--stdout"  ? &out.out
                         : word == "--stderr"  ? &out.err
                         : word == "--workdir" ? &out.workdir
                                               : nullptr;
    if (value == nullptr || i + 1 == count) return std::nullopt;
    *value = words[++i];
  }
  if (out.command.size() < 2 || out.log.empty() || out.step.empty()) return std::nullopt;
  return out;
}

void make_folders(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0777);
    if (slash == std::string::npos) return;
  }
}

// --- in the child

struct Refusal {
  int code = 0;
  int error = 0;
  std::array<char, 256> what{};
};

[[noreturn]] void refuse(int tell, int code, const char* doing, const std::string& about) {
  Refusal refusal;
  refusal.code = code;
  refusal.error = errno;
  std::snprintf(refusal.what.data(), refusal.what.size(), "%s %.200s", doing, about.c_str());
  (void)!::write(tell, &refusal, sizeof refusal);
  std::_Exit(code);
}

[[noreturn]] void run_program(const Options& todo, int out, int err, int tell, const sigset_t& signals) {
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  ::setpgid(0, 0);
  ::umask(022);
  const int in = ::open(todo.in.empty() ? "/dev/null" : todo.in.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0 || ::dup2(in, STDIN_FILENO) < 0) refuse(tell, kNotRunnableCode, "can't open", todo.in);
  if (::dup2(out, STDOUT_FILENO) < 0 || ::dup2(err, STDERR_FILENO) < 0)
    refuse(tell, kNotRunnableCode, "no streams for", todo.command[0]);
  if (!todo.workdir.empty()) make_folders(todo.workdir);
  if (::chdir(todo.workdir.empty() ? "/" : todo.workdir.c_str()) != 0)
    refuse(tell, kNotRunnableCode, "can't enter the working folder", todo.workdir);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::execvp(todo.command[0], todo.command.data());
  refuse(tell, errno == ENOENT ? kNotFoundCode : kNotRunnableCode, "can't run", todo.command[0]);
}

// --- in the first process

// One stream: to the log, to the container's own, and to the file that the task names.
struct Stream {
  Fd from;
  Fd file;
  std::optional<LogTail> log;
  int beside = -1;

  // False: it has ended.
  bool pump() {
    std::array<char, 65'536> part{};
    const ssize_t n = ::read(from.get(), part.data(), part.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (n <= 0) {
      from.reset();
      return false;
    }
    const std::string_view bytes(part.data(), static_cast<size_t>(n));
    if (log) log->write(bytes);
    for (const int to : {beside, file.get()}) {
      for (size_t done = 0; to >= 0 && done < bytes.size();) {
        const ssize_t written = ::write(to, bytes.data() + done, bytes.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        done += static_cast<size_t>(written);
      }
    }
    return true;
  }
};

class Step {
 public:
  explicit Step(const Options& todo) : todo_(todo) {}

  int run() {
    log_.started = now();
    if (!prepare()) return finish();
    if (!launch()) return finish();
    watch();
    return finish();
  }

 private:
  bool prepare() {
    auto folder = runner::open_folder(todo_.log);
    if (!folder) return sandbox(to_line(folder.error()));
    folder_ = std::move(*folder);
    const std::array<const char*, 2> names = {"stdout.", "stderr."};
    const std::array<const std::string*, 2> paths = {&todo_.out, &todo_.err};
    for (size_t i = 0; i < 2; ++i) {
      auto log = LogTail::create(folder_.get(), names[i] + todo_.step, limits::kRunLogBytesMax);
      if (!log) return sandbox(to_line(log.error()));
      streams_[i].log = std::move(*log);
      streams_[i].beside = i == 0 ? STDOUT_FILENO : STDERR_FILENO;
      if (paths[i]->empty()) continue;
      make_folders(paths[i]->substr(0, std::max<size_t>(1, paths[i]->rfind('/'))));
      // The same file for both is one stream, as with 2>&1.
      const bool first = i == 0 || todo_.err != todo_.out;
      streams_[i].file.reset(
          ::open(paths[i]->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (first ? O_TRUNC : 0), 0666));
      if (!streams_[i].file) return sandbox("can't open " + *paths[i] + ": " + std::strerror(errno));
    }
    return true;
  }

  bool launch() {
    sigset_t mine;
    sigemptyset(&mine);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&mine, signal);
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &mine, &before);
    signals_.reset(::signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK));
    std::array<std::array<int, 2>, 3> pipes{};
    for (auto& ends : pipes) {
      if (::pipe2(ends.data(), O_CLOEXEC) != 0) return sandbox("no descriptors");
    }
    program_ = ::fork();
    if (program_ < 0) return sandbox("no process for the program");
    if (program_ == 0) run_program(todo_, pipes[0][1], pipes[1][1], pipes[2][1], before);
    for (auto& ends : pipes) ::close(ends[1]);
    streams_[0].from.reset(pipes[0][0]);
    streams_[1].from.reset(pipes[1][0]);
    const Fd told(pipes[2][0]);
    Refusal refusal;
    ssize_t n = 0;
    while ((n = ::read(told.get(), &refusal, sizeof refusal)) < 0 && errno == EINTR) {
    }
    if (n == sizeof refusal) {
      refusal.what.back() = '\0';
      log_.message = std::string(refusal.what.data()) + ": " + std::strerror(refusal.error);
    }
    return true;
  }

  void watch() {
    bool ended = false;
    while (!ended || streams_[0].from || streams_[1].from) {
      std::array<pollfd, 3> ready = {{{signals_.get(), POLLIN, 0},
                                      {streams_[0].from.get(), POLLIN, 0},
                                      {streams_[1].from.get(), POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) break;
      for (size_t i = 0; i < 2; ++i) {
        if (streams_[i].from && (ready[i + 1].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
          (void)streams_[i].pump();
      }
      if ((ready[0].revents & POLLIN) != 0) hear(ended);
    }
  }

  void hear(bool& ended) {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo != SIGCHLD) kill_all(SIGTERM);
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != program_) continue;
      ended = true;
      if (WIFSIGNALED(status)) {
        log_.signal = WTERMSIG(status);
        log_.exit_code = 128 + log_.signal;
        log_.reason = EndReason::kSignalled;
      } else {
        log_.exit_code = WEXITSTATUS(status);
      }
      kill_all(SIGKILL);  // nothing outlives the program
    }
  }

  // Everybody, in a container; where this is no first process, the program's own group.
  void kill_all(int signal) const { ::kill(::getpid() == 1 ? -1 : -program_, signal); }

  bool sandbox(std::string why) {
    log_.reason = EndReason::kSandbox;
    log_.exit_code = kNotRunnableCode;
    log_.message = std::move(why);
    return false;
  }

  int finish() {
    log_.ended = now();
    for (Stream& stream : streams_) {
      if (stream.log) stream.log->finish();
    }
    if (streams_[0].log) log_.stdout_bytes = streams_[0].log->bytes_written();
    if (streams_[1].log) log_.stderr_bytes = streams_[1].log->bytes_written();
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    const auto micros = [](const timeval& t) { return int64_t{t.tv_sec} * 1'000'000 + t.tv_usec; };
    log_.cpu_micros = micros(used.ru_utime) + micros(used.ru_stime);
    log_.ram_peak_bytes = int64_t{used.ru_maxrss} * 1'024;
    if (!log_.message.empty()) std::fprintf(stderr, "hetao: %s\n", log_.message.c_str());
    const std::string text = report_of(log_);
    if (const Fd file(::open(kLastMessage, O_WRONLY | O_CLOEXEC)); file)
      (void)!::write(file.get(), text.data(), text.size());
    const bool by_itself = log_.reason == EndReason::kExited || log_.reason == EndReason::kSignalled;
    return todo_.ignore_error && by_itself ? 0 : log_.exit_code;
  }

  const Options& todo_;
  ExecutorLog log_;
  Fd folder_;  // of the logs; outlives them
  std::array<Stream, 2> streams_;
  Fd signals_;
  pid_t program_ = -1;
};

}  // namespace

int main(int count, char** words) {
  const std::string what = count > 1 ? words[1] : "";
  if (what == "start" && count == 3) return start(words[2]);
  if (what == "run") {
    if (const auto options = read_options(count, words)) return Step(*options).run();
  }
  std::fputs(
      "usage: hetao-step start FOLDER | hetao-step run --log FOLDER --step N [OPTIONS] -- COMMAND...\n",
      stderr);
  return 2;
}
