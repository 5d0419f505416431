#include "gateway/io/run_command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>

#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  Descriptor read, write;
};

bool make(Pipe& pipe) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  pipe.read.reset(ends[0]);
  pipe.write.reset(ends[1]);
  return true;
}

std::string found(const CommandCall& call) {
  if (call.words[0].find('/') != std::string::npos) return call.words[0];
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& [name, value] : call.environment) {
    if (name == "PATH") path = value;
  }
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find(':', at), path.size());
    const std::string candidate = path.substr(at, end - at) + "/" + call.words[0];
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = end + 1;
  }
  return {};
}

std::string words_of(int error) {
  return std::generic_category().message(error);
}

// One child and its three streams.
class Child {
 public:
  explicit Child(const CommandCall& call) : call_(call) {}

  CommandResult run() {
    if (!start()) return std::move(result_);
    in_.read.reset();
    out_.write.reset();
    err_.write.reset();
    if (call_.input.empty()) in_.write.reset();
    for (Pipe* pipe : {&in_, &out_, &err_}) {
      for (const Descriptor* end : {&pipe->read, &pipe->write}) {
        if (*end) ::fcntl(end->get(), F_SETFL, O_NONBLOCK);
      }
    }
    talk();
    end();
    return std::move(result_);
  }

 private:
  bool start() {
    const std::string program = found(call_);
    if (program.empty()) {
      result_.trouble = call_.words[0] + " is not installed here";
      return false;
    }
    if (!make(in_) || !make(out_) || !make(err_)) {
      result_.trouble = "no pipe: " + words_of(errno);
      return false;
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in_.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out_.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err_.write.get(), STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    std::vector<std::string> settings;
    for (const auto& [name, value] : call_.environment) settings.push_back(name + "=" + value);
    std::vector<char*> arguments;
    std::vector<char*> environment;
    for (const std::string& word : call_.words) arguments.push_back(const_cast<char*>(word.c_str()));
    for (std::string& setting : settings) environment.push_back(setting.data());
    arguments.push_back(nullptr);
    environment.push_back(nullptr);
    const int error =
        ::posix_spawn(&pid_, program.c_str(), &files, &attributes, arguments.data(), environment.data());
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error == 0) return true;
    result_.trouble = program + " can't be started: " + words_of(error);
    return false;
  }

  void talk() {
    const auto until = Clock::now() + std::chrono::microseconds(call_.patience.micros);
    while (out_.read || err_.read) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
      if (left <= 0) return stop("gave no answer in time");
      std::array<pollfd, 3> waits = {
          {{in_.write.get(), POLLOUT, 0}, {out_.read.get(), POLLIN, 0}, {err_.read.get(), POLLIN, 0}}};
      if (::poll(waits.data(), waits.size(), static_cast<int>(left)) < 0 && errno != EINTR)
        return stop("can't be listened to");
      if (waits[0].revents != 0) give();
      if (waits[1].revents != 0) take(out_.read, result_.out);
      if (waits[2].revents != 0) take(err_.read, result_.err);
      if (result_.out.size() + result_.err.size() > call_.output_bytes_max)
        return stop("says more than it may");
    }
  }

  void give() {
    const ssize_t n = ::write(in_.write.get(), call_.input.data() + given_, call_.input.size() - given_);
    if (n > 0) given_ += static_cast<size_t>(n);
    if ((n < 0 && errno != EAGAIN && errno != EINTR) || given_ == call_.input.size()) in_.write.reset();
  }

  static void take(Descriptor& from, std::string& to) {
    std::array<char, size_t{64} << 10U> part;
    const ssize_t n = ::read(from.get(), part.data(), part.size());
    if (n > 0) to.append(part.data(), static_cast<size_t>(n));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) from.reset();
  }

  void stop(const char* why) {
    ::kill(-pid_, SIGKILL);
    result_.trouble = call_.words[0] + " " + why;
  }

  void end() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    if (!result_.trouble.empty()) return;
    result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  const CommandCall& call_;
  CommandResult result_;
  Pipe in_, out_, err_;
  size_t given_ = 0;
  pid_t pid_ = -1;
};

}  // namespace

CommandResult run_command(const CommandCall& call) {
  return Child(call).run();
}

}  // namespace hetao::io
