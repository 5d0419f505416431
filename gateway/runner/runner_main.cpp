// hetao-runner: runs one released submission of a local platform's spool (spool.h). It takes the run's token
// as its first act, goes into the background, outlives the gateway that started it, and leaves its last word
// in the run's folder. A second one for the same run does nothing. With --socket it is asked (request.h)
// instead of started, and needs no background: whoever listens has made a place of its own for it.
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/runner/request.h"
#include "gateway/runner/run.h"
#include "gateway/runner/usage.h"

namespace {

using hetao::ErrorCode;
using hetao::fail;
using hetao::Result;
namespace runner = hetao::runner;

constexpr std::string_view kUsage =
    "usage: hetao-runner --spool DIR/KEY [--foreground]\n"
    "       hetao-runner --check DIR CONFIG-JSON-FILE\n"
    "       hetao-runner --socket\n"
    "  Runs the released submission in DIR/KEY once: a second start says \"duplicate\" and does nothing.\n"
    "  --foreground  stay, and exit with 0 if the run ended well, else 1 (as a job of another scheduler)\n"
    "  --check       try an empty sandbox below DIR\n"
    "  --socket      standard input is a connection that brings --spool or --check, and takes the answer\n";

struct Options {
  std::string folder;
  std::string config;  // of --check
  bool foreground = false;
  bool check = false;
};

Result<Options> read_options(const std::vector<std::string>& words) {
  Options out;
  const auto bad = [](std::string why) {
    return fail(ErrorCode::kUsage, "hetao-runner", std::move(why), "see hetao-runner --help");
  };
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& option = words[i];
    if (option == "--foreground") {
      out.foreground = true;
    } else if (option == "--spool" && i + 1 < words.size()) {
      out.folder = words[++i];
    } else if (option == "--check" && i + 2 < words.size()) {
      out.check = true;
      out.folder = words[++i];
      out.config = words[++i];
    } else {
      return bad("does not know \"" + option + "\", or its value is missing");
    }
  }
  if (out.folder.empty()) return bad("needs --spool DIR/KEY");
  std::error_code error;
  const auto path = std::filesystem::canonical(out.folder, error);
  if (error) return bad(out.folder + ": " + error.message());
  out.folder = path.string();
  return out;
}

std::string init_program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "hetao-init").string();
}

int say(const hetao::Error& error) {
  std::fprintf(stderr, "hetao-runner: %s\n", to_line(error).c_str());
  return static_cast<int>(error.code);
}

// A process of its own session with nothing of its starter left, but for a line's worth of pipe to tell how
// the token went. Returns in the child; the parent exits with the child's answer.
int go_into_background() {
  std::array<int, 2> answer{};
  if (::pipe2(answer.data(), O_CLOEXEC) != 0) std::_Exit(say(runner::os_error("start", "no pipe", errno)));
  const pid_t child = ::fork();
  if (child < 0) std::_Exit(say(runner::os_error("start", "no process", errno)));
  if (child == 0) {
    ::close(answer[0]);
    ::setsid();
    return answer[1];
  }
  ::close(answer[1]);
  unsigned char code = static_cast<unsigned char>(ErrorCode::kFailed);
  // No answer: it died before it had the token.
  while (::read(answer[0], &code, 1) < 0 && errno == EINTR) {
  }
  std::_Exit(code);
}

void leave_the_terminal(const std::string& folder) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int log = ::open((folder + "/runner.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(log >= 0 ? log : null, STDERR_FILENO);
}

void take_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&signals, signal);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
}

int check_sandbox(const Options& options) {
  if (!runner::can_measure_processes()) {
    return say({ErrorCode::kFailed, "sandbox check",
                "this kernel does not list children (CONFIG_PROC_CHILDREN)",
                "memory and processes could not be limited: use a kernel that does, such as Debian's"});
  }
  const auto folder = runner::open_folder(options.folder);
  if (!folder) return say(folder.error());
  const auto text = runner::read_file_at(folder->get(), options.config, size_t{1} << 20U);
  if (!text) return say(text.error());
  const auto value = hetao::parse_json(*text, options.config);
  if (!value) return say(value.error());
  const auto config = hetao::platforms::read_sandbox_config(*value);
  if (!config) return say(config.error());
  const auto tried = runner::try_sandbox(options.folder, *config, init_program());
  return tried ? 0 : say(tried.error());
}

// `asked`: the connection that waits for our first word; -1: nobody's.
int run(const Options& options, int asked) {
  const int answer = asked >= 0 || options.foreground ? asked : go_into_background();
  const auto tell = [&](int code) {
    if (answer >= 0) runner::answer_request(answer, code);
    return code;
  };
  auto owned = runner::OwnedRun::take(options.folder);
  if (!owned) return tell(say(owned.error()));
  if (!owned->ours()) {
    std::fprintf(stderr, "hetao-runner: duplicate: this run has been started before\n");
    return tell(0);
  }
  tell(0);
  if (!options.foreground) leave_the_terminal(options.folder);
  const auto status = owned->execute(init_program());
  const bool well = status.state == hetao::platforms::RunState::kEnded && status.failure.empty();
  return well || !options.foreground ? 0 : 1;
}

int act(const Result<Options>& options, int asked) {
  const auto answered = [&](int code) {
    if (asked >= 0) runner::answer_request(asked, code);
    return code;
  };
  if (!options) return answered(say(options.error()));
  if (::chdir("/") != 0) return answered(say(runner::os_error("/", "can't be entered", errno)));
  take_signals();
  return options->check ? answered(check_sandbox(*options)) : run(*options, asked);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words == std::vector<std::string>{"--help"}) {
    std::fwrite(kUsage.data(), 1, kUsage.size(), stdout);
    return 0;
  }
  ::close_range(3, ~0U, 0);  // what the starter had open is not ours
  ::umask(022);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  if (words != std::vector<std::string>{"--socket"}) return act(read_options(words), -1);
  // Our words go where the answer goes, until the answer is given.
  ::dup2(STDIN_FILENO, STDERR_FILENO);
  const int asked = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  auto request = runner::read_request(asked);
  return act(request ? read_options(*request) : fail(request.error()), asked);
}
