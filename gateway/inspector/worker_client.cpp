#include "gateway/inspector/worker_client.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "gateway/base/json.h"
#include "gateway/inspector/file_content.h"

namespace hetao::inspector {

namespace {

constexpr size_t kAnswerBytesMax = size_t{32} << 20U;
constexpr uint64_t kBytesPerSecond = 8'000'000;  // what a slow decompressor manages, with room

inspection::Report not_read(uint64_t bytes, std::string why) {
  inspection::Report report;
  report.coverage.bytes_in = bytes;
  report.coverage.not_read.push_back(std::move(why));
  return report;
}

struct Child {
  pid_t pid = -1;
  OpenFile answers;
};

Result<Child> start(int descriptor, const WorkerOptions& options, uint64_t seconds, uint64_t bytes) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorCode::kFailed, "pipe", std::strerror(errno));
  OpenFile read_end(ends[0]);
  const OpenFile write_end(ends[1]);
  std::vector<std::string> words = {options.program,
                                    "--profile",
                                    options.profile,
                                    "--latest-birth-day",
                                    std::to_string(options.latest_birth_day),
                                    "--threads",
                                    std::to_string(options.threads),
                                    "--memory",
                                    std::to_string(options.memory_bytes + bytes),
                                    "--seconds",
                                    std::to_string(seconds)};
  if (options.excerpts) words.emplace_back("--excerpts");
  for (const std::string& kind : options.spans_of) {
    words.emplace_back("--spans-of");
    words.push_back(kind);
  }
  for (const inspection::Pattern& pattern : options.patterns) {
    words.emplace_back("--pattern");
    words.push_back(pattern.name + "=" + pattern.expression);
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  char* no_environment[] = {nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, descriptor, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  sigset_t all;
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  Child child;
  const int error = ::posix_spawn(&child.pid, options.program.c_str(), &actions, &attributes,
                                  arguments.data(), no_environment);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    return fail(ErrorCode::kFailed, options.program,
                std::string("can't be started: ") + std::strerror(error));
  child.answers = std::move(read_end);
  return child;
}

// All that the process says until it ends its output. False when the time is up or it says too much.
bool read_answer(int from, uint64_t seconds, std::string& answer) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  std::array<char, 65'536> piece{};
  while (answer.size() <= kAnswerBytesMax) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{from, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    const ssize_t size = ::read(from, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    if (size == 0) return true;
    answer.append(piece.data(), static_cast<size_t>(size));
  }
  return false;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    if (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)
      return "the process that read it ran out of time";
    if (WTERMSIG(status) == SIGBUS) return "it changed while it was read";
    return "the process that read it crashed (signal " + std::to_string(WTERMSIG(status)) + ")";
  }
  return "the process that read it failed (status " + std::to_string(WEXITSTATUS(status)) + ")";
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

std::string worker_beside_this() {
  std::array<char, 4'096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string self(path.data(), size > 0 ? static_cast<size_t>(size) : 0);
  const std::string folder = self.substr(0, self.rfind('/') + 1);
  for (const char* place : {"hetao-inspector", "../libexec/hetao-client/hetao-inspector"}) {
    if (::access((folder + place).c_str(), X_OK) == 0) return folder + place;
  }
  return folder + "hetao-inspector";
}

inspection::Report inspect_in_worker(int descriptor, const WorkerOptions& options) {
  struct stat before{};
  if (::fstat(descriptor, &before) != 0) return not_read(0, "it can't be looked at");
  const auto bytes = static_cast<uint64_t>(std::max<off_t>(before.st_size, 0));
  const uint64_t seconds = options.seconds + bytes / kBytesPerSecond;
  auto child = start(descriptor, options, seconds, bytes);
  if (!child) return not_read(bytes, to_line(child.error()));
  std::string answer;
  const bool answered = read_answer(child->answers.get(), seconds + 5, answer);
  if (!answered) ::kill(child->pid, SIGKILL);
  int status = 0;
  while (::waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!answered || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return not_read(bytes, how_it_ended(status));
  const auto value = parse_json(answer, "report", kAnswerBytesMax);
  auto report = value ? inspection::report_from_json(*value) : std::nullopt;
  if (!report || report->coverage.bytes_in != bytes)
    return not_read(bytes, "the process that read it gave no report");
  struct stat after{};
  if (::fstat(descriptor, &after) != 0 || !same_file(before, after)) {
    report->coverage.not_read.emplace_back("it changed while it was read");
    report->coverage.bytes_read = 0;
    if (report->verdict == inspection::Verdict::kClean) report->verdict = inspection::Verdict::kIncomplete;
  }
  return std::move(*report);
}

}  // namespace hetao::inspector
