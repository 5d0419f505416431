// Runs that somebody else starts: the gateway asks at a socket, as systemd holds one (hetao-runner.socket).
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>

#include "gateway/runner/files.h"
#include "gateway/runner/request.h"
#include "tests/unit/runner/spool_fixture.h"

namespace hetao::runner {
namespace {

using platforms::ReplyKind;
using platforms::RunState;
using testing::AllOf;
using testing::HasSubstr;

// Does with each connection what it is told, until its own end.
class Listener {
 public:
  Listener(const std::string& path, std::function<void(Fd)> serve)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd_.get(), 16) != 0) {
      std::abort();
    }
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (;;) {
        Fd connection(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection) return;
        serve(std::move(connection));
      }
    });
  }
  ~Listener() {
    ::shutdown(fd_.get(), SHUT_RDWR);  // accept returns
    thread_.join();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  Fd fd_;
  std::thread thread_;
};

class Request : public SpoolTest {
 protected:
  ~Request() override {
    for (const pid_t pid : started_) ::waitpid(pid, nullptr, 0);
  }

  std::string socket_path() const { return folder_.path() + "/socket"; }

  // As systemd does: a process for each connection, which is its standard input.
  void listen_and_start() {
    listener_.emplace(socket_path(), [this](Fd connection) {
      posix_spawn_file_actions_t files;
      posix_spawn_file_actions_init(&files);
      posix_spawn_file_actions_adddup2(&files, connection.get(), STDIN_FILENO);
      std::string program = HETAO_BIN_DIR "/hetao-runner";
      std::string option = "--socket";
      char* const arguments[] = {program.data(), option.data(), nullptr};
      pid_t pid = -1;
      if (::posix_spawn(&pid, arguments[0], &files, nullptr, arguments, environ) != 0) std::abort();
      posix_spawn_file_actions_destroy(&files);
      started_.push_back(pid);
      kept_.push_back(std::move(connection));  // systemd may hold it, too
    });
  }

  Spool asking_spool() {
    platforms::SandboxConfig sandbox;
    sandbox.host_root_images = {"debian*"};
    auto opened =
        Spool::open({folder_.path() + "/spool", "/no/runner/of/ours", sandbox, false, socket_path()});
    if (!opened) throw std::runtime_error(to_line(opened.error()));
    return std::move(*opened);
  }

  std::vector<pid_t> started_;
  std::vector<Fd> kept_;
  std::optional<Listener> listener_;
};

TEST_F(Request, ARunIsStartedByWhoeverListensAtTheSocket) {
  listen_and_start();
  const Spool asking = asking_spool();
  submit(shell("job.1", "echo hello"));
  const auto reply = asking.release("job.1");
  ASSERT_EQ(reply.kind, ReplyKind::kOk) << reply.why;
  EXPECT_EQ(wait("job.1").state, RunState::kEnded);
  EXPECT_EQ(out("job.1"), "hello\n");
}

TEST_F(Request, TheAnswerComesWhileTheRunGoesOn) {
  listen_and_start();
  const Spool asking = asking_spool();
  submit(shell("job.1", "touch /tmp/here; sleep 1000"));
  ASSERT_EQ(asking.release("job.1").kind, ReplyKind::kOk);
  await_file("job.1", "/tmp/here");
  EXPECT_EQ(asking.release("job.1").kind, ReplyKind::kOk) << "it has been started";
  EXPECT_EQ(asking.cancel("job.1").kind, ReplyKind::kOk);
  EXPECT_EQ(wait("job.1").state, RunState::kCancelled);
}

TEST_F(Request, TheSandboxIsTriedWhereItWillRun) {
  listen_and_start();
  const auto works = asking_spool().check_sandbox();
  EXPECT_TRUE(works) << to_line(works.error());
}

TEST_F(Request, ASocketWhereNobodyListensIsNamed) {
  const Spool asking = asking_spool();
  submit(shell("job.1", "true"));
  const auto reply = asking.release("job.1");
  EXPECT_EQ(reply.kind, ReplyKind::kUnknown);
  EXPECT_THAT(reply.why, AllOf(HasSubstr(socket_path()), HasSubstr("hetao-runner.socket")));
  EXPECT_EQ(asking.get("job.1")->state, RunState::kReleased);
  listen_and_start();
  EXPECT_EQ(asking.release("job.1").kind, ReplyKind::kOk) << "the next try finds one";
  EXPECT_EQ(wait("job.1").failure, "");
}

TEST_F(Request, AConnectionThatEndsWithoutAWordTellsNothing) {
  listener_.emplace(socket_path(), [](const Fd&) {});
  const Spool asking = asking_spool();
  submit(shell("job.1", "true"));
  const auto reply = asking.release("job.1");
  EXPECT_EQ(reply.kind, ReplyKind::kUnknown);
}

TEST_F(Request, NonsenseIsAnsweredWithWords) {
  listen_and_start();
  for (const auto& options : std::vector<std::vector<std::string>>{
           {}, {"--socket"}, {"--spool"}, {"--what"}, {"--spool", folder_.path() + "/no-such-run"}}) {
    const auto said = ask_runner(socket_path(), options);
    ASSERT_TRUE(said) << to_line(said.error());
    EXPECT_EQ(said->exit_code, 2);
    EXPECT_THAT(said->text, HasSubstr("hetao-runner:"));
  }
}

}  // namespace
}  // namespace hetao::runner
