#include "gateway/runner/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "gateway/runner/files.h"

namespace hetao::runner {

namespace {

std::string read_proc(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  char part[4'096];
  while (file) {
    const ssize_t n = ::read(file.get(), part, sizeof part);
    if (n <= 0) break;
    out.append(part, static_cast<size_t>(n));
  }
  return out;
}

void add_children(pid_t pid, std::vector<pid_t>& out) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(tasks.c_str()), &::closedir);
  if (!stream) return;
  while (const dirent* task = ::readdir(stream.get())) {
    if (task->d_name[0] == '.') continue;
    const std::string children = read_proc(tasks + "/" + task->d_name + "/children");
    for (const char* at = children.c_str(); *at != '\0';) {
      char* end = nullptr;
      const long child = std::strtol(at, &end, 10);
      if (end == at) break;
      out.push_back(static_cast<pid_t>(child));
      at = *end == ' ' ? end + 1 : end;
    }
  }
}

std::vector<pid_t> descendants(pid_t root, int64_t processes_max) {
  std::vector<pid_t> out;
  add_children(root, out);
  for (size_t i = 0; i < out.size() && static_cast<int64_t>(out.size()) <= processes_max; ++i) {
    add_children(out[i], out);
  }
  return out;
}

int64_t resident_bytes(pid_t pid) {
  static const int64_t kPageBytes = ::sysconf(_SC_PAGESIZE);
  const std::string text = read_proc("/proc/" + std::to_string(pid) + "/statm");
  const size_t second = text.find(' ');
  return second == std::string::npos ? 0 : std::strtoll(text.c_str() + second, nullptr, 10) * kPageBytes;
}

}  // namespace

ProcessUsage measure_processes(pid_t root, int64_t processes_max) {
  ProcessUsage out;
  for (const pid_t pid : descendants(root, processes_max)) {
    ++out.processes;
    out.ram_bytes += resident_bytes(pid);
  }
  return out;
}

int64_t measure_proportional_ram(pid_t root, int64_t processes_max) {
  int64_t bytes = 0;
  for (const pid_t pid : descendants(root, processes_max)) {
    const std::string text = read_proc("/proc/" + std::to_string(pid) + "/smaps_rollup");
    const size_t at = text.find("\nPss:");
    // A process that just died, or that we may not look at: then the larger number has to do.
    bytes += at == std::string::npos ? resident_bytes(pid)
                                     : std::strtoll(text.c_str() + at + 5, nullptr, 10) * 1'024;
  }
  return bytes;
}

bool can_measure_processes() {
  const std::string own = std::to_string(::getpid());
  return ::access(("/proc/" + own + "/task/" + own + "/children").c_str(), R_OK) == 0;
}

}  // namespace hetao::runner
