#include "gateway/runner/init_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace hetao::runner {

namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "hetao-init knows the system calls of x86_64 and aarch64"
#endif

constexpr unsigned kX32Bit = 0x40000000;

// Keys of other users, kernel code, tracing of the whole machine, mounts and new namespaces' tools, clocks.
constexpr unsigned kForbidden[] = {SYS_acct,          SYS_add_key,         SYS_adjtimex,
                                   SYS_bpf,           SYS_chroot,          SYS_clock_adjtime,
                                   SYS_clock_settime, SYS_delete_module,   SYS_finit_module,
                                   SYS_fsconfig,      SYS_fsmount,         SYS_fsopen,
                                   SYS_fspick,        SYS_init_module,     SYS_kexec_file_load,
                                   SYS_kexec_load,    SYS_keyctl,          SYS_mount,
                                   SYS_mount_setattr, SYS_move_mount,      SYS_open_by_handle_at,
                                   SYS_open_tree,     SYS_perf_event_open, SYS_pivot_root,
                                   SYS_quotactl,      SYS_reboot,          SYS_request_key,
                                   SYS_setdomainname, SYS_sethostname,     SYS_setns,
                                   SYS_settimeofday,  SYS_swapoff,         SYS_swapon,
                                   SYS_syslog,        SYS_umount2,         SYS_unshare,
                                   SYS_userfaultfd,   SYS_vhangup};

// Programs fall back to the older interface.
constexpr unsigned kAbsent[] = {SYS_io_uring_enter, SYS_io_uring_register, SYS_io_uring_setup};

// Not cut off by a network namespace: they reach the virtual machine's host, or the kernel's own services.
constexpr unsigned kForbiddenFamilies[] = {AF_VSOCK, AF_ALG, AF_TIPC, AF_RDS};

sock_filter load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
}

sock_filter answer(int error) {
  return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (static_cast<unsigned>(error) & SECCOMP_RET_DATA));
}

void deny_if_equal(std::vector<sock_filter>& program, unsigned value, int error) {
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  program.push_back(answer(error));
}

}  // namespace

bool install_filter() {
  std::vector<sock_filter> program;
  program.push_back(load(offsetof(seccomp_data, arch)));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  program.push_back(answer(ENOSYS));
  program.push_back(load(offsetof(seccomp_data, nr)));
#if defined(__x86_64__)
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, 0, 1));
  program.push_back(answer(ENOSYS));
#endif
  for (const unsigned call : kForbidden) deny_if_equal(program, call, EPERM);
  for (const unsigned call : kAbsent) deny_if_equal(program, call, ENOSYS);
  constexpr size_t kFamilies = sizeof kForbiddenFamilies / sizeof kForbiddenFamilies[0];
  // Not socket(): over the families' tests and their load.
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1 + 2 * kFamilies));
  program.push_back(load(offsetof(seccomp_data, args)));  // the low word: both machines are little-endian
  for (const unsigned family : kForbiddenFamilies) deny_if_equal(program, family, EAFNOSUPPORT);
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace hetao::runner
