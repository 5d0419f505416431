#include "gateway/runner/fence.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>

namespace hetao::runner {

namespace {

constexpr const char* kToken = "token";

}  // namespace

Result<std::optional<Fd>> take_token(int folder) {
  if (exists_at(folder, kToken)) return std::optional<Fd>{};
  // Written and locked under a name of its own, then linked: link fails if the token is there, as O_EXCL
  // would, and nobody ever sees a token that is empty or not locked.
  // Machines that share the folder may give the same process id.
  std::array<char, HOST_NAME_MAX + 1> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string own = ".token." + std::string(host.data()) + "." + std::to_string(::getpid());
  ::unlinkat(folder, own.c_str(), 0);
  Fd file(::openat(folder, own.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail(os_error("token", "can't be created", errno));
  const std::string content = std::to_string(::getpid()) + "\n";
  const bool written = ::write(file.get(), content.data(), content.size()) == ssize_t(content.size());
  if (!written || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || ::fsync(file.get()) != 0) {
    const int error = errno;
    ::unlinkat(folder, own.c_str(), 0);
    return fail(os_error("token", "can't be written", error));
  }
  int failed = ::linkat(folder, own.c_str(), folder, kToken, 0) == 0 ? 0 : errno;
  // NFS: a request whose answer was lost is repeated, and then finds what it made itself (open(2), O_EXCL).
  struct stat facts{};
  if (failed == EEXIST && ::fstat(file.get(), &facts) == 0 && facts.st_nlink == 2) failed = 0;
  ::unlinkat(folder, own.c_str(), 0);
  if (failed == EEXIST) return std::optional<Fd>{};
  if (failed != 0) return fail(os_error("token", "can't be taken", failed));
  // Before the job's first act: a token that a power cut takes back would let it start again.
  if (const auto ok = sync_folder(folder); !ok) return fail(ok.error());
  return std::optional<Fd>(std::move(file));
}

Result<TokenState> look_at_token(int folder) {
  const Fd file(::openat(folder, kToken, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file && errno == ENOENT) return TokenState::kFree;
  if (!file) return fail(os_error("token", "can't be read", errno));
  // Shared: two who look at the same time don't take each other for the owner.
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return TokenState::kDead;
  if (errno == EWOULDBLOCK) return TokenState::kAlive;
  return fail(os_error("token", "can't be looked at", errno));
}

void wake_token_owner(int folder) {
  const auto content = read_file_at(folder, kToken, 64);
  if (!content) return;
  const long pid = std::strtol(content->c_str(), nullptr, 10);
  if (pid <= 1) return;
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return;
  // The owner lived after the descriptor was opened, so the id was not another process's by then.
  const auto state = look_at_token(folder);
  if (state && *state == TokenState::kAlive) {
    ::syscall(SYS_pidfd_send_signal, process.get(), SIGUSR1, nullptr, 0);
  }
}

}  // namespace hetao::runner
