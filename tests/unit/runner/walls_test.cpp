// What a job can see and reach.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "gateway/runner/files.h"
#include "tests/unit/runner/spool_fixture.h"

namespace hetao::runner {
namespace {

using platforms::MountMode;
using testing::HasSubstr;
using testing::Not;

using Walls = SpoolTest;

// A listener on the host's loopback.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_.get(), 1) != 0 ||
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
  }
  int port() const { return port_; }

 private:
  Fd fd_;
  int port_ = 0;
};

std::string connect_program(int port) {
  return "import socket\ns = socket.create_connection(('127.0.0.1', " + std::to_string(port) +
         "), 5)\nprint('in')";
}

TEST_F(Walls, TheNetworkIsCutOff) {
  const Listener listener;
  const auto status = run(python("job.1", connect_program(listener.port())));
  EXPECT_EQ(status.executors[0].exit_code, 1);
  EXPECT_THAT(err("job.1"), HasSubstr("Connection refused"));
  run(shell("job.2", "cat /proc/net/route /proc/net/dev"));
  EXPECT_THAT(out("job.2"), Not(HasSubstr("eth")));
}

TEST_F(Walls, TheNetworkIsThereIfTheRunSaysSo) {
  const Listener listener;
  auto spec = python("job.1", connect_program(listener.port()));
  spec.network = true;
  EXPECT_EQ(run(spec).failure, "");
  EXPECT_EQ(out("job.1"), "in\n");
}

TEST_F(Walls, SocketFamiliesThatNoNamespaceCutsAreRefused) {
  run(python("job.1",
             "import socket\nfor f in (40, 38):\n  try: socket.socket(f, socket.SOCK_STREAM)\n"
             "  except OSError as e: print(e.errno)"));
  EXPECT_EQ(out("job.1"), "97\n97\n");  // EAFNOSUPPORT
}

TEST_F(Walls, TmpIsPrivateAndWritable) {
  const auto status =
      run(shell("job.1", "ls /tmp; touch /tmp/mine /var/tmp/mine $HOME/mine $TMPDIR/mine2; ls -ld /tmp"));
  EXPECT_EQ(status.failure, "");
  EXPECT_THAT(out("job.1"), testing::StartsWith("drwxrwxrwt"));
  EXPECT_EQ(::access("/tmp/mine", F_OK), -1);
}

TEST_F(Walls, TheHostsProgramsAreReadOnly) {
  const auto status =
      run(shell("job.1",
                "for d in /usr /bin /lib /etc/ssl/certs; do touch $d/hetao-test && echo wrote $d; done; "
                "echo x >> /etc/nsswitch.conf && echo wrote; rm /usr/bin/env && echo removed; true"));
  EXPECT_EQ(status.failure, "");
  EXPECT_EQ(out("job.1"), "");
  EXPECT_THAT(err("job.1"), HasSubstr("Read-only file system"));
}

TEST_F(Walls, NothingElseOfTheHostIsSeen) {
  const std::string secret = folder_.write("secret", "key");
  run(shell("job.1", "cat " + secret +
                         " /etc/shadow /root/.bashrc; ls -A /home /root /var/lib /run; ls /proc | "
                         "grep -c '^[0-9]'; whoami; hostname"));
  EXPECT_THAT(err("job.1"), HasSubstr("/secret: No such file"));
  EXPECT_THAT(out("job.1"), Not(HasSubstr("key")));
  EXPECT_THAT(out("job.1"), HasSubstr("/home:\njob\n"));
  EXPECT_THAT(out("job.1"), testing::EndsWith("\njob\nhetao-job\n"));
}

TEST_F(Walls, TheGatewaysEnvironmentAndDescriptorsStayOutside) {
  ASSERT_EQ(::setenv("HETAO_TOKEN", "secret", 1), 0);
  const Fd leaked(::open("/etc/passwd", O_RDONLY));  // not closed on exec, as in a careless caller
  run(shell("job.1", "env; ls /proc/self/fd | wc -l"));
  ::unsetenv("HETAO_TOKEN");
  EXPECT_THAT(out("job.1"), Not(HasSubstr("secret")));
  EXPECT_THAT(out("job.1"), HasSubstr("HOME=/home/job\n"));
  EXPECT_THAT(out("job.1"), testing::EndsWith("\n4\n"));  // 0, 1, 2 and the one that lists
}

TEST_F(Walls, NobodyGainsPrivileges) {
  run(shell("job.1",
            "grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs|Seccomp:' /proc/self/status; "
            "unshare -U true; mount -t tmpfs x /tmp; chroot / true; mknod /tmp/sda b 8 0"));
  EXPECT_EQ(out("job.1"),
            "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
            "NoNewPrivs:\t1\nSeccomp:\t2\n");
  for (const char* refused : {"unshare: ", "mount: ", "chroot: ", "mknod: "}) {
    EXPECT_THAT(err("job.1"), HasSubstr(refused));
  }
}

TEST_F(Walls, InputsStandWhereTheTaskSaysAndCannotBeChanged) {
  const std::string blob = folder_.write("blob", "data\n");
  auto spec =
      shell("job.1",
            "cat /tmp/in/a.csv /data/train/x.csv /data/y.csv; ls /data/train; echo more >> /tmp/in/a.csv; "
            "echo more >> /data/y.csv; rm /data/y.csv; chmod 777 /data/y.csv; touch /data/new; true");
  spec.mounts = {{"/tmp/in/a.csv", MountMode::kReadOnly, false, blob, {}},
                 {"/data", MountMode::kReadOnly, true, "", {{"train/x.csv", blob}, {"y.csv", blob}}}};
  EXPECT_EQ(run(spec).failure, "");
  EXPECT_EQ(out("job.1"), "data\ndata\ndata\nx.csv\n");
  EXPECT_EQ(read_text(blob), "data\n");
}

TEST_F(Walls, ACopyIsTheJobsOwn) {
  const std::string blob = folder_.write("script", "echo original\n");
  auto spec = shell("job.1",
                    "sh /job/run.sh; echo 'echo changed' > /job/run.sh; sh /job/run.sh; mv /job/run.sh /tmp");
  spec.mounts = {{"/job/run.sh", MountMode::kCopy, false, blob, {}}};
  EXPECT_EQ(run(spec).failure, "");
  EXPECT_EQ(out("job.1"), "original\nchanged\n");
  EXPECT_EQ(read_text(blob), "echo original\n");
}

TEST_F(Walls, AReadWriteFolderIsTheSourceItself) {
  const std::string store = folder_.path() + "/store";
  ASSERT_EQ(::mkdir(store.c_str(), 0700), 0);
  auto spec = shell("job.1", "echo kept > /jobstore/x");
  spec.mounts = {{"/jobstore", MountMode::kReadWrite, true, store, {}}};
  EXPECT_EQ(run(spec).failure, "");
  EXPECT_EQ(read_text(store + "/x"), "kept\n");
}

TEST_F(Walls, InputsInsideInputsAreSeen) {
  const std::string blob = folder_.write("blob", "outer\n");
  const std::string other = folder_.write("other", "inner\n");
  auto spec = shell("job.1", "cat /data/a /data/deep/b");
  spec.mounts = {{"/data", MountMode::kReadOnly, true, "", {{"a", blob}}},
                 {"/data/deep/b", MountMode::kReadOnly, false, other, {}}};
  EXPECT_EQ(run(spec).failure, "");
  EXPECT_EQ(out("job.1"), "outer\ninner\n");
}

TEST_F(Walls, ThousandsOfInputFilesAreOneMount) {
  const std::string blob = folder_.write("blob", "x");
  auto spec = shell("job.1", "ls /data | wc -l");
  spec.mounts = {{"/data", MountMode::kReadOnly, true, "", {}}};
  for (int i = 0; i < 5'000; ++i) spec.mounts[0].files.push_back({"f" + std::to_string(i), blob});
  EXPECT_EQ(run(spec).failure, "");
  EXPECT_EQ(out("job.1"), "5000\n");
}

TEST_F(Walls, ALinkWhereAMountGoesStopsTheNextExecutor) {
  // The first executor turns the folder above a mount into a link out of the sandbox's reach.
  auto spec = shell("job.1", "mv /a /b && ln -s /oldroot/tmp /a");
  spec.mounts = {{"/a/hetao-victim", MountMode::kReadOnly, false, folder_.write("blob", "x"), {}}};
  spec.executors.push_back(spec.executors[0]);
  spec.executors[1].command[2] = "echo reached";
  const auto status = run(spec);
  ASSERT_EQ(status.executors.size(), 2U);
  EXPECT_EQ(status.executors[1].reason, platforms::EndReason::kSandbox);
  EXPECT_THAT(status.failure, HasSubstr("/a: is not a folder of the sandbox"));
  EXPECT_EQ(::access("/tmp/hetao-victim", F_OK), -1);
}

TEST_F(Walls, AMachineWithoutUserNamespacesSaysSo) {
  // In a namespace of its own whose limit on further ones is zero: the same answer as from such a machine.
  TemporaryFolder empty;
  const std::string config =
      empty.write("sandbox.json", R"({"host_root_images":[],"podman_images":[],"host_paths":[],)"
                                  R"("bubblewrap":"/usr/bin/bwrap","podman":"/usr/bin/podman"})");
  const std::string command =
      "unshare -U -r sh -c 'echo 0 > /proc/sys/user/max_user_namespaces && exec " HETAO_BIN_DIR
      "/hetao-runner --check " +
      empty.path() + " sandbox.json' 2> " + empty.path() + "/said";
  EXPECT_NE(std::system(command.c_str()), 0);
  EXPECT_THAT(read_text(empty.path() + "/said"), HasSubstr("this machine allows no user namespaces"));
}

TEST_F(Walls, AMissingBubblewrapSaysSo) {
  platforms::SandboxConfig sandbox;
  sandbox.bubblewrap = "/no/such/bwrap";
  const auto other = Spool::open({folder_.path() + "/other", HETAO_BIN_DIR "/hetao-runner", sandbox});
  const auto checked = other->check_sandbox();
  ASSERT_FALSE(checked);
  EXPECT_THAT(to_line(checked.error()), HasSubstr("is it installed?"));
}

}  // namespace
}  // namespace hetao::runner
