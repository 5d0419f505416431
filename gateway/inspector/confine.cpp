#include "gateway/inspector/confine.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace hetao::inspector {

namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "hetao-inspector knows the system calls of x86_64 and aarch64"
#endif

constexpr unsigned kAllowed[] = {SYS_read,
                                 SYS_write,
                                 SYS_exit,
                                 SYS_exit_group,
                                 SYS_futex,
                                 SYS_brk,
                                 SYS_munmap,
                                 SYS_mremap,
                                 SYS_madvise,
                                 SYS_rt_sigreturn,
                                 SYS_sched_yield,
                                 SYS_clock_gettime,
                                 SYS_gettimeofday,
                                 SYS_getrandom,
                                 SYS_close,
                                 SYS_getpid,
                                 SYS_gettid,
                                 SYS_tgkill,
                                 SYS_rt_sigprocmask,
                                 SYS_rt_sigaction,
                                 SYS_fstat,
                                 SYS_lseek,
                                 SYS_restart_syscall,
                                 SYS_set_robust_list,
                                 SYS_rseq};
// Allowed, but not to make memory that can be executed: their third argument.
constexpr unsigned kMemory[] = {SYS_mmap, SYS_mprotect};

sock_filter load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
}

sock_filter answer(unsigned action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}

tl::unexpected<Error> failed(const char* what) {
  return fail(ErrorCode::kFailed, what, std::strerror(errno));
}

bool limit(decltype(RLIMIT_AS) resource, uint64_t most) {
  const rlimit both{most, most};
  return ::setrlimit(resource, &both) == 0;
}

}  // namespace

Result<void> limit_resources(uint64_t memory_bytes, uint64_t cpu_seconds) {
  if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0) || !limit(RLIMIT_CPU, cpu_seconds))
    return failed("limits");
#if !defined(__SANITIZE_ADDRESS__) && !(defined(__has_feature) && __has_feature(address_sanitizer))
  if (!limit(RLIMIT_AS, memory_bytes)) return failed("limits");
#else
  (void)memory_bytes;
#endif
  return {};
}

Result<void> install_filter() {
  constexpr unsigned kDeny = SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA);
  std::vector<sock_filter> program;
  program.push_back(load(offsetof(seccomp_data, arch)));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  program.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  program.push_back(load(offsetof(seccomp_data, nr)));
  for (const unsigned call : kAllowed) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    program.push_back(answer(SECCOMP_RET_ALLOW));
  }
  for (const unsigned call : kMemory) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4));
    program.push_back(load(offsetof(seccomp_data, args) + 2 * sizeof(uint64_t)));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
    program.push_back(answer(kDeny));
    program.push_back(answer(SECCOMP_RET_ALLOW));
  }
  program.push_back(answer(kDeny));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0)
    return failed("system call filter");
  return {};
}

}  // namespace hetao::inspector
