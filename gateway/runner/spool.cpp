#include "gateway/runner/spool.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/platforms/container_path.h"
#include "gateway/runner/executor.h"
#include "gateway/runner/fence.h"
#include "gateway/runner/files.h"
#include "gateway/runner/news.h"
#include "gateway/runner/request.h"
#include "gateway/runner/run.h"

namespace hetao::runner {

namespace {

using platforms::Reply;
using platforms::ReplyKind;
using platforms::RunState;
using platforms::RunStatus;

constexpr std::string_view kTrashPrefix = ".removed.";

Reply ok(std::string_view key) {
  return {ReplyKind::kOk, std::string(key), {}};
}

Reply refused(const Error& error) {
  return {ReplyKind::kRefused, {}, to_line(error)};
}

// The disk did not do its part: what is there has to be looked up.
Reply unknown(const Error& error) {
  return {ReplyKind::kUnknown, {}, to_line(error)};
}

// kNotFound if nothing whole was submitted under the key.
Result<Fd> open_run(const std::string& spool, std::string_view key) {
  if (const auto valid = platforms::check_key(key); !valid) {
    return fail(ErrorCode::kNotFound, valid.error().what, valid.error().why, valid.error().hint);
  }
  auto folder = open_folder(spool + "/" + std::string(key));
  if (!folder) return fail(folder.error());
  if (!exists_at(folder->get(), "spec.json")) {
    return fail(ErrorCode::kNotFound, "run " + std::string(key), "was not submitted here");
  }
  return folder;
}

Reply reply_of(const Error& error, std::string_view key) {
  if (error.code != ErrorCode::kNotFound) return unknown(error);
  return {ReplyKind::kAbsent, {}, "run " + printable(key) + ": is not here"};
}

// Runs hetao-runner to its first word. Its descendants keep nothing of ours.
Result<Said> start_runner(const SpoolConfig& config, const std::vector<std::string>& options) {
  if (!config.runner_socket.empty()) return ask_runner(config.runner_socket, options);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(os_error("hetao-runner", "no pipe", errno));
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, write_end.get(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments = {const_cast<char*>(config.runner.c_str())};
  for (const std::string& option : options) arguments.push_back(const_cast<char*>(option.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail(os_error(config.runner, "can't be started", error));
  write_end.reset();
  Said said;
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  // After its end, not until the pipe's: the runner in the background may hold it for a moment longer.
  ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  std::array<char, 4'096> part{};
  const ssize_t n = ::read(read_end.get(), part.data(), part.size());
  if (n > 0) said.text.assign(part.data(), static_cast<size_t>(n));
  while (said.text.ends_with('\n')) said.text.pop_back();
  said.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return said;
}

RunStatus status_without_owner(int folder, std::string_view key) {
  RunStatus status;
  status.key = std::string(key);
  status.state = exists_at(folder, "release") ? RunState::kReleased : RunState::kHeld;
  return status;
}

}  // namespace

Result<Spool> Spool::open(SpoolConfig config) {
  for (const auto& [path, what] : {std::pair{&config.folder, "spool"}, {&config.runner, "runner"}}) {
    if (const auto valid = platforms::check_absolute_path(*path, what); !valid) return fail(valid.error());
  }
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(config.folder).parent_path(), error);
  // Elsewhere: other users go through here to folders of theirs, whose names they have to know.
  if (::mkdir(config.folder.c_str(), config.elsewhere ? 0711 : 0700) != 0 && errno != EEXIST) {
    return fail(os_error(config.folder, "can't be made", errno));
  }
  const auto folder = open_folder(config.folder);
  struct stat info{};
  if (!folder) return fail(folder.error());
  if (::fstat(folder->get(), &info) != 0) return fail(os_error(config.folder, "can't be read", errno));
  if (info.st_uid != ::geteuid() || (info.st_mode & 022U) != 0) {
    return fail(ErrorCode::kFailed, config.folder, "belongs to another user, or others may write to it",
                "give it to the gateway's user alone: mode 0700");
  }
  if (config.elsewhere) {
    if (::chmod(config.folder.c_str(), 0711) != 0)
      return fail(os_error(config.folder, "can't be opened up", errno));
    const std::string news = config.folder + "/" + std::string(kNewsFolder);
    const bool made = ::mkdir(news.c_str(), 0700) == 0 || errno == EEXIST;
    // Anybody may leave a name there, and nobody else take it away or look.
    if (!made || ::chmod(news.c_str(), 01733) != 0) return fail(os_error(news, "can't be made", errno));
    return Spool(std::move(config));
  }
  if (config.runner_socket.empty() && ::access(config.runner.c_str(), X_OK) != 0) {
    return fail(os_error(config.runner, "can't be run", errno));
  }
  return Spool(std::move(config));
}

Result<std::string> Spool::prepare(std::string_view key) const {
  if (const auto valid = platforms::check_key(key); !valid) return fail(valid.error());
  const auto spool = open_folder(config_.folder);
  if (!spool) return fail(spool.error());
  const auto folder = make_folder_at(spool->get(), std::string(key));
  if (!folder) return fail(folder.error());
  return folder_of(key);
}

Result<std::vector<std::string>> Spool::take_news() const {
  const auto spool = open_folder(config_.folder);
  if (!spool) return fail(spool.error());
  const auto folder = open_folder_at(spool->get(), std::string(kNewsFolder));
  if (!folder) return fail(folder.error());
  auto names = names_in(folder->get());
  if (!names) return names;
  // Before the status is read: what changes later leaves its name again.
  for (const std::string& name : *names) ::unlinkat(folder->get(), name.c_str(), 0);
  return names;
}

// Elsewhere: nothing is sent to the scheduler before the specification and its names are durable, so one that
// a power cut left in part was never sent, and is written anew.
bool Spool::has_whole(std::string_view key) const {
  const auto folder = open_run(config_.folder, key);
  if (!folder || !config_.elsewhere) return folder.has_value();
  const auto text = read_file_at(folder->get(), "spec.json", limits::kRunSpecBytesMax);
  return text && parse_submission(*text);
}

Reply Spool::submit_held(const platforms::RunSpec& spec) const {
  if (const auto valid = platforms::check(spec); !valid) return refused(valid.error());
  // What is there stays, whatever the administrator allows by now.
  if (has_whole(spec.key)) return ok(spec.key);
  if (const auto valid = platforms::check(config_.sandbox, spec); !valid) return refused(valid.error());
  const std::string text = print_submission({spec, config_.sandbox});
  if (text.size() > limits::kRunSpecBytesMax) {
    return refused({ErrorCode::kUsage, "run " + spec.key, "is larger than 64 MiB", "use fewer inputs"});
  }
  const auto spool = open_folder(config_.folder);
  if (!spool) return unknown(spool.error());
  const auto folder = make_folder_at(spool->get(), spec.key);
  if (!folder) return unknown(folder.error());
  if (config_.elsewhere) {
    const auto file = put_file(folder->get(), "spec.json", text);
    if (!file) return unknown(file.error());
    const auto synced = sync_at_once({file->get(), folder->get(), spool->get()});
    return synced ? ok(spec.key) : unknown(synced.error());
  }
  // The folder's own name first: a spec.json that is found has to be found after a power cut too.
  if (const auto synced = sync_folder(spool->get()); !synced) return unknown(synced.error());
  const auto created = create_file_durably(folder->get(), "spec.json", text);
  return created ? ok(spec.key) : unknown(created.error());
}

Reply Spool::find(std::string_view key) const {
  const auto folder = open_run(config_.folder, key);
  return folder ? ok(key) : reply_of(folder.error(), key);
}

Reply Spool::release(std::string_view key) const {
  const auto folder = open_run(config_.folder, key);
  if (!folder) return reply_of(folder.error(), key);
  if (config_.elsewhere) {
    // Not durable: what a power cut takes back is asked of the scheduler, which lets go and starts by itself.
    const auto mark =
        exists_at(folder->get(), "release") ? Result<Fd>(Fd()) : put_file(folder->get(), "release", "");
    return mark ? ok(key) : unknown(mark.error());
  }
  const auto marked = create_file_durably(folder->get(), "release", "");
  if (!marked) return unknown(marked.error());
  const auto token = look_at_token(folder->get());
  if (!token) return unknown(token.error());
  if (*token != TokenState::kFree) return ok(key);
  const auto said = start_runner(config_, {"--spool", folder_of(key)});
  if (!said) return unknown(said.error());
  if (said->exit_code == 0) return ok(key);
  return {ReplyKind::kUnknown, std::string(key),
          "hetao-runner ended with " + std::to_string(said->exit_code) + ": " + printable(said->text)};
}

Result<RunStatus> Spool::get(std::string_view key) const {
  const auto folder = open_run(config_.folder, key);
  if (!folder) return fail(folder.error());
  const auto token = look_at_token(folder->get());
  if (!token) return fail(token.error());
  if (*token == TokenState::kFree) return status_without_owner(folder->get(), key);
  // After the look at the token: a runner writes its last word before it lets go of it.
  auto status = read_status(folder->get());
  if (status && status->key != key)
    return fail(ErrorCode::kFailed, "run " + std::string(key), "has another's status");
  if (!status && status.error().code != ErrorCode::kNotFound) return status;
  if (!status) {
    status = status_without_owner(folder->get(), key);
    status->state = RunState::kRunning;
  }
  if (!config_.elsewhere && *token == TokenState::kDead && !platforms::is_final(status->state)) {
    status->state = RunState::kLost;
    status->failure = "the runner died without a last word: the machine went down, or somebody killed it";
  }
  return status;
}

Reply Spool::cancel(std::string_view key) const {
  const auto folder = open_run(config_.folder, key);
  if (!folder) return reply_of(folder.error(), key);
  const auto marked = create_file_durably(folder->get(), "cancel", "");
  if (!marked) return unknown(marked.error());
  // Whoever is not started yet never will be: the token is ours.
  const auto token = take_token(folder->get());
  if (!token) return unknown(token.error());
  if (!*token) {
    if (!config_.elsewhere) wake_token_owner(folder->get());  // there, the scheduler tells it
    return ok(key);
  }
  RunStatus status;
  status.key = std::string(key);
  status.state = RunState::kCancelled;
  status.ended = wall_clock();
  status.failure = "cancelled before it started";
  const auto written = write_status(folder->get(), status);
  return written ? ok(key) : unknown(written.error());
}

Reply Spool::remove(std::string_view key) const {
  if (const auto valid = platforms::check_key(key); !valid) return refused(valid.error());
  const auto spool = open_folder(config_.folder);
  if (!spool) return unknown(spool.error());
  const std::string name(key);
  const std::string trash = std::string(kTrashPrefix) + name;
  if (const auto folder = open_folder_at(spool->get(), name)) {
    // Taken here, or by somebody who is dead: in either case nobody starts it any more.
    const auto taken = take_token(folder->get());
    if (!taken) return unknown(taken.error());
    const auto token = *taken ? Result<TokenState>(TokenState::kDead) : look_at_token(folder->get());
    if (!token) return unknown(token.error());
    if (*token == TokenState::kAlive) {
      return refused({ErrorCode::kFailed, "run " + name, "is running", "cancel it, and wait for its end"});
    }
    if (const auto gone = remove_tree(spool->get(), trash); !gone) return unknown(gone.error());
    if (::renameat(spool->get(), name.c_str(), spool->get(), trash.c_str()) != 0) {
      return unknown(os_error(name, "can't be removed", errno));
    }
    if (const auto synced = sync_folder(spool->get()); !synced) return unknown(synced.error());
  }
  const auto gone = remove_tree(spool->get(), trash);
  return gone ? ok(key) : unknown(gone.error());
}

Result<std::vector<std::string>> Spool::list() const {
  const auto spool = open_folder(config_.folder);
  if (!spool) return fail(spool.error());
  auto names = names_in(spool->get());
  if (!names) return names;
  std::vector<std::string> keys;
  for (const std::string& name : *names) {
    if (name.starts_with(kTrashPrefix)) {
      if (const auto gone = remove_tree(spool->get(), name); !gone) return fail(gone.error());
    } else if (open_run(config_.folder, name)) {
      keys.push_back(name);
    }
  }
  return keys;
}

std::string Spool::folder_of(std::string_view key) const {
  return config_.folder + "/" + std::string(key);
}

Result<void> Spool::check_engines() const {
  const platforms::SandboxConfig& sandbox = config_.sandbox;
  if (!sandbox.host_root_images.empty()) {
    if (auto there = check_engine(sandbox, platforms::Engine::kHostRoot); !there) return there;
  }
  return sandbox.containers.images.empty() ? Result<void>()
                                           : check_engine(sandbox, sandbox.containers.engine);
}

Result<void> Spool::check_sandbox() const {
  const auto spool = open_folder(config_.folder);
  if (!spool) return fail(spool.error());
  const std::string name = ".check." + std::to_string(::getpid());
  const auto folder = make_folder_at(spool->get(), name);
  if (!folder) return fail(folder.error());
  const auto written =
      create_file_durably(folder->get(), "sandbox.json", json::serialize(to_json(config_.sandbox)));
  const auto said = written ? start_runner(config_, {"--check", folder_of(name), "sandbox.json"})
                            : Result<Said>(fail(written.error()));
  (void)remove_tree(spool->get(), name);
  if (!said) return fail(said.error());
  if (said->exit_code == 0) return {};
  return fail(ErrorCode::kFailed, "local platform", printable(said->text));
}

}  // namespace hetao::runner
