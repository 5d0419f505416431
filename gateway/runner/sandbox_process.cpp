#include "gateway/runner/sandbox_process.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "gateway/runner/init_protocol.h"

namespace hetao::runner {

namespace {

constexpr int kNiceness = 5;  // the gateway itself comes first
constexpr int kFirstFreeDescriptor = 16;

static_assert(platforms::kControlDescriptor == kInitControl);
static_assert(platforms::kInstructionsDescriptor == kInitInstructions);

Result<Fd> memory_file(const char* name, const std::string& content) {
  Fd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file || ::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return fail(os_error("sandbox", "no memory for its options", errno));
  }
  return file;
}

// So many of the cores that we may use, neighbours, beginning at one that the key chooses: runs spread out.
cpu_set_t choose_cores(int64_t wanted, const std::string& key) {
  cpu_set_t all;
  cpu_set_t out;
  CPU_ZERO(&all);
  CPU_ZERO(&out);
  if (::sched_getaffinity(0, sizeof all, &all) != 0) return all;
  std::vector<unsigned> cores;
  for (unsigned i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &all)) cores.push_back(i);
  }
  uint32_t hash = 2'166'136'261U;  // FNV-1a: the same everywhere
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  for (size_t i = 0; i < cores.size() && static_cast<int64_t>(i) < wanted; ++i) {
    CPU_SET(cores[(hash + i) % cores.size()], &out);
  }
  return out;
}

struct Ends {
  Fd null, control, out, err, instructions, options;
};

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become_engine(const Ends& ends, char* const* arguments, const cpu_set_t& cores) {
  ::setsid();
  // Above what is to be theirs first, so that no dup2 closes one that is still needed.
  std::array<std::pair<int, int>, 6> places = {{{ends.null.get(), 0},
                                                {ends.out.get(), 1},
                                                {ends.err.get(), 2},
                                                {ends.control.get(), platforms::kControlDescriptor},
                                                {ends.instructions.get(), platforms::kInstructionsDescriptor},
                                                {ends.options.get(), platforms::kOptionsDescriptor}}};
  for (auto& [fd, place] : places) {
    if (fd >= 0) fd = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstFreeDescriptor);
  }
  for (const auto& [fd, place] : places) {
    if (fd >= 0 && ::dup2(fd, place) < 0) ::_exit(126);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGUSR1}) ::signal(signal, SIG_DFL);
  const struct rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::setpriority(PRIO_PROCESS, 0, kNiceness);
  ::sched_setaffinity(0, sizeof cores, &cores);
  if (::geteuid() == 0) ::setgroups(0, nullptr);
  ::execv(arguments[0], arguments);
  const char words[] = "hetao-runner: the sandbox's program can't be run: is it installed?\n";
  (void)!::write(STDERR_FILENO, words, sizeof words - 1);
  ::_exit(127);
}

Result<std::pair<Fd, Fd>> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(os_error("sandbox", "no descriptors", errno));
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return std::pair{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

Result<SandboxProcess> SandboxProcess::start(const SandboxStart& start) {
  SandboxProcess made;
  Ends ends;
  auto out = make_pipe();
  auto err = make_pipe();
  std::array<int, 2> control{};
  if (!out || !err || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control.data()) != 0) {
    return fail(os_error("sandbox", "no descriptors", errno));
  }
  made.control_.reset(control[0]);
  ends.control.reset(control[1]);
  std::tie(made.out_, ends.out) = std::move(*out);
  std::tie(made.err_, ends.err) = std::move(*err);
  ends.null.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  auto instructions = memory_file("instructions", start.instructions);
  if (!instructions) return fail(instructions.error());
  ends.instructions = std::move(*instructions);
  if (!start.options.empty()) {
    auto options = memory_file("options", start.options);
    if (!options) return fail(options.error());
    ends.options = std::move(*options);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : start.command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const cpu_set_t cores = choose_cores(start.cpu_cores, start.key);
  made.pid_ = ::fork();
  if (made.pid_ == 0) become_engine(ends, arguments.data(), cores);
  if (made.pid_ < 0) return fail(os_error("sandbox", "no process for it", errno));
  made.process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, made.pid_, 0)));
  if (!made.process_) return fail(os_error("sandbox", "its process can't be watched", errno));
  return made;
}

SandboxProcess::SandboxProcess(SandboxProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      process_(std::move(other.process_)),
      control_(std::move(other.control_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

SandboxProcess::~SandboxProcess() {
  if (pid_ <= 0) return;
  kill();
  wait();
}

void SandboxProcess::send(char command) const {
  (void)!::send(control_.get(), &command, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void SandboxProcess::kill() const {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

int SandboxProcess::wait() {
  int status = 0;
  while (pid_ > 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  // When the engine was killed, what it left becomes ours (the runner is its subreaper) and is dying.
  while (pid_ > 0 && (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR)) {
  }
  pid_ = -1;
  return status;
}

}  // namespace hetao::runner
