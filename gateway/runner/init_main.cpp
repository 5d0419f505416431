// hetao-init: the first process inside a run's sandbox (init_protocol.h). Linked statically, because it runs
// on whatever root the image brings. Everything it is told comes from the runner; everything around it from
// the job. It dies, and with it the sandbox, as soon as the runner's end of the control socket closes.
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "gateway/runner/init_filter.h"
#include "gateway/runner/init_protocol.h"

namespace {

using hetao::runner::InitEvent;
using hetao::runner::InitReport;

constexpr int kNotFoundCode = 127;  // as shells say
constexpr int kNotRunnableCode = 126;

struct Instructions {
  rlim_t file_bytes = 0;
  rlim_t data_bytes = 0;
  rlim_t processes = 0;
  std::string workdir, in, out, err;
  std::vector<std::string> folders, arguments, variables;
};

// Why the program could not be run, from the child that tried.
struct Refusal {
  int code = 0;
  int error = 0;
  char what[256] = {};
};

[[noreturn]] void give_up(const char* what) {
  // Before the start was reported, the runner takes this for the sandbox's failure.
  std::fprintf(stderr, "hetao-init: %s: %s\n", what, std::strerror(errno));
  std::_Exit(1);
}

std::vector<std::string> read_fields() {
  std::string all;
  char part[65'536];
  for (;;) {
    const ssize_t n = ::read(hetao::runner::kInitInstructions, part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) give_up("the runner's instructions can't be read");
    if (n == 0) break;
    all.append(part, static_cast<size_t>(n));
  }
  ::close(hetao::runner::kInitInstructions);
  std::vector<std::string> fields;
  for (size_t start = 0; start < all.size();) {
    const size_t end = all.find('\0', start);
    if (end == std::string::npos) break;
    fields.push_back(all.substr(start, end - start));
    start = end + 1;
  }
  return fields;
}

Instructions read_instructions() {
  const std::vector<std::string> fields = read_fields();
  size_t next = 0;
  const auto take = [&]() -> const std::string& {
    errno = EPROTO;
    if (next >= fields.size()) give_up("the runner's instructions are cut short");
    return fields[next++];
  };
  const auto take_number = [&] { return static_cast<rlim_t>(std::strtoull(take().c_str(), nullptr, 10)); };
  const auto take_list = [&](std::vector<std::string>& list) {
    const rlim_t count = take_number();
    for (rlim_t i = 0; i < count; ++i) list.push_back(take());
  };
  if (take() != hetao::runner::kInitVersion) give_up("runner and init are of different builds");
  Instructions out;
  out.file_bytes = take_number();
  out.data_bytes = take_number();
  out.processes = take_number();
  out.workdir = take();
  out.in = take();
  out.out = take();
  out.err = take();
  take_list(out.folders);
  take_list(out.arguments);
  take_list(out.variables);
  if (out.arguments.empty()) give_up("there is no program to run");
  return out;
}

// Makes a folder and those above it. What can't be made shows when it is used.
void make_folders(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0777);
    if (slash == std::string::npos) return;
  }
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// --- in the child
// ----------------------------------------------------------------------------------------------

[[noreturn]] void refuse(int tell, int code, const char* doing, const std::string& about) {
  Refusal refusal;
  refusal.code = code;
  refusal.error = errno;
  std::snprintf(refusal.what, sizeof refusal.what, "%s %.200s", doing, about.c_str());
  (void)!::write(tell, &refusal, sizeof refusal);
  std::_Exit(code);
}

void limit(int tell, decltype(RLIMIT_DATA) what, rlim_t value, const char* name) {
  struct rlimit now{};
  if (::getrlimit(what, &now) != 0) refuse(tell, kNotRunnableCode, "can't read the limit", name);
  if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value) value = now.rlim_max;
  const struct rlimit wanted{value, value};
  if (::setrlimit(what, &wanted) != 0) refuse(tell, kNotRunnableCode, "can't set the limit", name);
}

void redirect(int tell, const std::string& path, int flags, int to) {
  if (path.empty()) return;
  if (to != STDIN_FILENO) make_folders(parent_of(path));
  const int fd = ::open(path.c_str(), flags, 0666);
  if (fd < 0 || ::dup2(fd, to) < 0) refuse(tell, kNotRunnableCode, "can't open", path);
  if (fd != to) ::close(fd);
}

[[noreturn]] void run_program(const Instructions& todo, int tell, const sigset_t& signals) {
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  if (::setpgid(0, 0) != 0)
    refuse(tell, kNotRunnableCode, "can't make a process group for", todo.arguments[0]);
  ::umask(022);
  limit(tell, RLIMIT_CORE, 0, "core");
  limit(tell, RLIMIT_FSIZE, todo.file_bytes, "file size");
  limit(tell, RLIMIT_DATA, todo.data_bytes, "data");
  limit(tell, RLIMIT_NPROC, todo.processes, "processes");
  redirect(tell, todo.in, O_RDONLY | O_CLOEXEC, STDIN_FILENO);
  redirect(tell, todo.out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, STDOUT_FILENO);
  // The same file for both is one stream, as with 2>&1: two would overwrite each other.
  if (!todo.err.empty() && todo.err == todo.out) {
    ::dup2(STDOUT_FILENO, STDERR_FILENO);
  } else {
    redirect(tell, todo.err, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, STDERR_FILENO);
  }
  if (!todo.workdir.empty()) make_folders(todo.workdir);
  if (::chdir(todo.workdir.empty() ? "/" : todo.workdir.c_str()) != 0) {
    refuse(tell, kNotRunnableCode, "can't enter the working folder", todo.workdir);
  }
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // best effort: what the engine left open is not the program's
  std::vector<char*> arguments;
  for (const std::string& argument : todo.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !hetao::runner::install_filter()) {
    refuse(tell, kNotRunnableCode, "can't install the system call filter for", todo.arguments[0]);
  }
  ::execvp(arguments[0], arguments.data());
  const int code = errno == ENOENT ? kNotFoundCode : kNotRunnableCode;
  refuse(tell, code, "can't run", todo.arguments[0]);
}

// --- in the first process
// --------------------------------------------------------------------------------------

class Init {
 public:
  explicit Init(const Instructions& todo) : todo_(todo) {}

  void start() {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &child, &before);
    signals_ = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    int tell[2];
    if (signals_ < 0 || ::pipe2(tell, O_CLOEXEC) != 0) give_up("no descriptors");
    program_ = ::fork();
    if (program_ < 0) give_up("no process for the program");
    if (program_ == 0) {
      ::close(hetao::runner::kInitControl);
      run_program(todo_, tell[1], before);
    }
    ::close(tell[1]);
    told_ = tell[0];
  }

  // Until the program has ended.
  void watch() {
    while (!ended_) {
      struct pollfd ready[3] = {
          {signals_, POLLIN, 0}, {hetao::runner::kInitControl, POLLIN, 0}, {told_, POLLIN, 0}};
      if (::poll(ready, 3, -1) < 0 && errno != EINTR) give_up("can't wait");
      if ((ready[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) obey();
      if (told_ >= 0 && (ready[2].revents & (POLLIN | POLLHUP)) != 0) hear_of_start();
      if ((ready[0].revents & POLLIN) != 0) reap();
    }
  }

  // Nothing outlives the program.
  void finish() {
    if (told_ >= 0) hear_of_start();
    ::kill(-1, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    struct rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    const auto micros = [](const timeval& t) { return int64_t{t.tv_sec} * 1'000'000 + t.tv_usec; };
    report(refused_ ? InitEvent::kRefused : InitEvent::kEnded, refused_ ? refusal_.code : status_,
           micros(used.ru_utime) + micros(used.ru_stime), int64_t{used.ru_maxrss} * 1'024);
  }

 private:
  void obey() {
    char command = 0;
    const ssize_t n = ::recv(hetao::runner::kInitControl, &command, 1, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {  // the runner is dead: so is the run
      ::kill(-1, SIGKILL);
      std::_Exit(1);
    }
    ::kill(-1, command == hetao::runner::kCommandKill ? SIGKILL : SIGTERM);
  }

  void hear_of_start() {
    const ssize_t n = ::read(told_, &refusal_, sizeof refusal_);
    if (n < 0 && errno == EINTR) return;
    ::close(told_);
    told_ = -1;
    if (n == 0) return report(InitEvent::kStarted, 0, 0, 0);
    refused_ = true;
    refusal_.what[sizeof refusal_.what - 1] = '\0';
    std::fprintf(stderr, "hetao: %s: %s\n", refusal_.what, std::strerror(refusal_.error));
  }

  void reap() {
    struct signalfd_siginfo ignored{};
    while (::read(signals_, &ignored, sizeof ignored) > 0) {
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != program_) continue;
      ended_ = true;
      status_ = status;
    }
  }

  static void report(InitEvent event, int32_t value, int64_t cpu_micros, int64_t ram_peak_bytes) {
    const InitReport report{event, value, cpu_micros, ram_peak_bytes};
    (void)!::send(hetao::runner::kInitControl, &report, sizeof report, MSG_NOSIGNAL);
  }

  const Instructions& todo_;
  pid_t program_ = -1;
  int signals_ = -1;
  int told_ = -1;
  bool ended_ = false;
  bool refused_ = false;
  int status_ = 0;
  Refusal refusal_;
};

}  // namespace

int main() {
  ::fcntl(hetao::runner::kInitControl, F_SETFD, FD_CLOEXEC);
  const Instructions todo = read_instructions();
  for (const std::string& variable : todo.variables) ::putenv(const_cast<char*>(variable.c_str()));
  for (const std::string& folder : todo.folders) make_folders(folder);
  Init init(todo);
  init.start();
  init.watch();
  init.finish();
  return 0;
}
