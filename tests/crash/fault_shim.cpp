// A library that a gateway is started with (LD_PRELOAD), to make the disk under it misbehave at one exact
// call.
//
// It counts every call that changes what is below a folder, or that sends to a database, over all threads,
// and at call number N does what was asked for. Child programs of the gateway are left alone.
//
//   HETAO_FAULT_ROOT   the folder
//   HETAO_FAULT_SOCKET the folder of the database's socket, if there is one
//   HETAO_FAULT        KIND:N with KIND one of kill-before, kill-after, EIO, ENOSPC, EINTR, short (half of a
//   write);
//                      without it nothing is done, only counted. EIO and ENOSPC stay: a disk does not heal.
//   HETAO_FAULT_LOG    a line for each call: N NAME PATH OFFSET BYTES
//   HETAO_FAULT_TAPE   everything that is written, for power-cut images (see power_cut.py): a line of JSON
//   with
//                      the call, then its bytes
//   HETAO_FAULT_CLOCK  a file with one 64-bit number of seconds: how wrong the wall clock is right now
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

namespace {

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

struct Plan {
  Plan() {
    char self[4096] = {};
    const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    const std::string program(self, size > 0 ? static_cast<size_t>(size) : 0);
    if (!program.ends_with("/hetao-gateway")) return;
    const char* folder = getenv("HETAO_FAULT_ROOT");
    if (folder == nullptr) return;
    root = folder;
    if (const char* place = getenv("HETAO_FAULT_SOCKET")) socket = place;
    if (const char* wanted = getenv("HETAO_FAULT")) {
      const std::string text(wanted);
      kind = text.substr(0, text.find(':'));
      at = std::strtoull(text.substr(text.find(':') + 1).c_str(), nullptr, 10);
    }
    if (const char* file = getenv("HETAO_FAULT_LOG")) log = open_beside(file);
    if (const char* file = getenv("HETAO_FAULT_TAPE")) tape = open_beside(file);
    if (const char* file = getenv("HETAO_FAULT_CLOCK")) {
      static auto* open_it = real<int(const char*, int, ...)>("open");
      const int fd = open_it(file, O_RDONLY | O_CLOEXEC);
      void* map = fd < 0 ? MAP_FAILED : mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
      if (map != MAP_FAILED) seconds_off = static_cast<const volatile int64_t*>(map);
    }
  }
  static int open_beside(const char* file) {
    static auto* open_it = real<int(const char*, int, ...)>("open");
    return open_it(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }

  std::string root;    // empty: this is no gateway
  std::string socket;  // empty: no database
  std::string kind;
  uint64_t at = 0;
  int log = -1;
  int tape = -1;
  const volatile int64_t* seconds_off = nullptr;
  std::atomic<uint64_t> calls{0};
  std::mutex taping;
};

Plan& plan() {
  static Plan* made = new Plan();  // never destroyed: threads end after main
  return *made;
}

std::string path_of(int fd) {
  char path[4096] = {};
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : std::string();
}

std::string absolute(int folder, const char* path) {
  if (path == nullptr) return {};
  if (path[0] == '/') return path;
  if (folder != AT_FDCWD) return path_of(folder) + "/" + path;
  char here[4096] = {};
  return getcwd(here, sizeof here) == nullptr ? path : std::string(here) + "/" + path;
}

bool is_ours(const std::string& path) {
  const std::string& root = plan().root;
  return !root.empty() && path.starts_with(root);
}

bool is_our_socket(int fd) {
  if (plan().root.empty() || plan().socket.empty()) return false;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.ss_family != AF_UNIX)
    return false;
  const char* path = reinterpret_cast<const char*>(&address) + sizeof(sa_family_t);
  return std::string(path).starts_with(plan().socket);
}

void write_out(int fd, const void* data, size_t size) {
  static auto* write_it = real<ssize_t(int, const void*, size_t)>("write");
  const ssize_t done = write_it(fd, data, size);
  (void)done;
}

enum class Fate { kGo, kFail, kHalf, kDieAfter };

// One counted call: `errno` is set for kFail.
struct Call {
  Call(const char* name, const std::string& path, int64_t offset, size_t bytes) {
    Plan& p = plan();
    number = ++p.calls;
    if (p.log >= 0) {
      const std::string line = std::to_string(number) + " " + name + " " + path.substr(p.root.size()) + " " +
                               std::to_string(offset) + " " + std::to_string(bytes) + "\n";
      write_out(p.log, line.data(), line.size());
    }
    if (p.kind.empty()) return;
    const bool broken = p.kind == "EIO" || p.kind == "ENOSPC";
    if (broken ? number < p.at : number != p.at) return;
    if (p.kind == "kill-before") kill(getpid(), SIGKILL);
    if (p.kind == "kill-after") fate = Fate::kDieAfter;
    if (p.kind == "short") fate = Fate::kHalf;
    if (p.kind == "EIO" || p.kind == "ENOSPC" || p.kind == "EINTR") {
      fate = Fate::kFail;
      errno = p.kind == "EIO" ? EIO : p.kind == "ENOSPC" ? ENOSPC : EINTR;
    }
  }
  template <class T>
  T done(T result) const {
    if (fate == Fate::kDieAfter) kill(getpid(), SIGKILL);
    return result;
  }
  uint64_t number = 0;
  Fate fate = Fate::kGo;
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

void tape(const char* what, const std::string& path, int64_t offset, const void* data, size_t bytes,
          const std::string& other = {}) {
  Plan& p = plan();
  if (p.tape < 0) return;
  const std::lock_guard lock(p.taping);
  const std::string line =
      std::string("{\"what\":\"") + what + "\",\"path\":" + quoted(path.substr(p.root.size())) +
      ",\"offset\":" + std::to_string(offset) + ",\"bytes\":" + std::to_string(data ? bytes : 0) +
      ",\"to\":" + quoted(other.empty() ? other : other.substr(p.root.size())) + "}\n";
  write_out(p.tape, line.data(), line.size());
  if (data != nullptr) write_out(p.tape, data, bytes);
}

template <class Do>
ssize_t writing(const char* name, int fd, int64_t offset, const void* data, size_t size, Do go) {
  const std::string path = path_of(fd);
  if (!is_ours(path)) return go(size);
  const Call call(name, path, offset, size);
  if (call.fate == Fate::kFail) return -1;
  const ssize_t done = go(call.fate == Fate::kHalf && size > 1 ? size / 2 : size);
  if (done > 0) tape("write", path, offset, data, static_cast<size_t>(done));
  return call.done(done);
}

template <class Do>
int changing(const char* name, const std::string& path, Do go, const char* taped = nullptr,
             int64_t offset = 0, const std::string& other = {}) {
  if (!is_ours(path)) return go();
  const Call call(name, path, offset, 0);
  if (call.fate == Fate::kFail) return -1;
  const int done = go();
  if (done >= 0 && taped != nullptr) tape(taped, path, offset, nullptr, 0, other);
  return call.done(done);
}

int opening(const char* name, int folder, const char* path, int flags, mode_t mode) {
  static auto* open_it = real<int(int, const char*, int, ...)>("openat");
  const auto go = [&] { return open_it(folder, path, flags, mode); };
  if ((flags & O_CREAT) == 0 && (flags & O_TRUNC) == 0) return go();
  const std::string whole = absolute(folder, path);
  struct stat there{};
  const bool is_new = stat(whole.c_str(), &there) != 0;
  if (!is_new && (flags & O_TRUNC) == 0) return go();
  return changing(name, whole, go, is_new ? "create" : "truncate");
}

mode_t mode_of(int flags, va_list more) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static auto* go = real<ssize_t(int, const void*, size_t)>("write");
  if (plan().root.empty()) return go(fd, data, size);
  const int64_t offset = lseek(fd, 0, SEEK_CUR);
  return writing("write", fd, offset, data, size, [&](size_t n) { return go(fd, data, n); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static auto* go = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return writing("pwrite", fd, offset, data, size, [&](size_t n) { return go(fd, data, n, offset); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  static auto* go = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return writing("pwrite", fd, offset, data, size, [&](size_t n) { return go(fd, data, n, offset); });
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  static auto* go = real<ssize_t(int, const void*, size_t, int)>("send");
  if (!is_our_socket(fd)) return go(fd, data, size, flags);
  const Call call("send", plan().root + "/database", 0, size);
  if (call.fate == Fate::kFail) {
    if (errno == ENOSPC) errno = EPIPE;  // what a socket can say
    return -1;
  }
  return call.done(go(fd, data, call.fate == Fate::kHalf && size > 1 ? size / 2 : size, flags));
}

int clock_gettime(clockid_t clock, timespec* now) {
  static auto* go = real<int(clockid_t, timespec*)>("clock_gettime");
  const int done = go(clock, now);
  const bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (done == 0 && wall && plan().seconds_off != nullptr) now->tv_sec += *plan().seconds_off;
  return done;
}

int fsync(int fd) {
  static auto* go = real<int(int)>("fsync");
  return changing("fsync", path_of(fd), [&] { return go(fd); }, "sync");
}

int fdatasync(int fd) {
  static auto* go = real<int(int)>("fdatasync");
  return changing("fdatasync", path_of(fd), [&] { return go(fd); }, "sync");
}

int ftruncate(int fd, off_t size) {
  static auto* go = real<int(int, off_t)>("ftruncate");
  return changing("ftruncate", path_of(fd), [&] { return go(fd, size); }, "resize", size);
}

int ftruncate64(int fd, off64_t size) {
  static auto* go = real<int(int, off64_t)>("ftruncate64");
  return changing("ftruncate", path_of(fd), [&] { return go(fd, size); }, "resize", size);
}

int rename(const char* from, const char* to) {
  static auto* go = real<int(const char*, const char*)>("rename");
  return changing(
      "rename", absolute(AT_FDCWD, from), [&] { return go(from, to); }, "rename", 0, absolute(AT_FDCWD, to));
}

int unlink(const char* path) {
  static auto* go = real<int(const char*)>("unlink");
  return changing("unlink", absolute(AT_FDCWD, path), [&] { return go(path); }, "remove");
}

int mkdir(const char* path, mode_t mode) {
  static auto* go = real<int(const char*, mode_t)>("mkdir");
  return changing("mkdir", absolute(AT_FDCWD, path), [&] { return go(path, mode); }, "folder");
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_of(flags, more);
  va_end(more);
  return opening("open", AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_of(flags, more);
  va_end(more);
  return opening("open", AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_of(flags, more);
  va_end(more);
  return opening("open", folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_of(flags, more);
  va_end(more);
  return opening("open", folder, path, flags, mode);
}

}  // extern "C"
