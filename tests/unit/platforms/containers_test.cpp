#include "gateway/platforms/local/containers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetao::platforms {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Case {
  SandboxConfig config;
  RunSpec spec;
  SandboxFolder folder{"/spool/j.1/scratch/root", "/opt/hetao-init", {}, {"/dev/davinci0"}};
  std::vector<Bind> binds = {{"/opt/hetao-init", "/.hetao/init", false, false},
                             {"/spool/j.1/scratch/root/out", "/out", true, false}};

  explicit Case(Engine engine) {
    config.containers = {engine, std::string("/usr/bin/") + to_word(engine), {"*"}, "/shared/images"};
    spec.key = "j.1";
    spec.executors = {{"szu/pytorch:2.4", {"true"}, "", "", "", "", {}, false}};
    spec.limits.cpu_cores = 2;
    spec.limits.ram_bytes = int64_t{1} << 30U;
    spec.limits.processes = 100;
  }
  std::vector<std::string> command(bool rootless = true) const {
    return container_command({config, spec, 0, folder, binds, rootless});
  }
};

TEST(Containers, PodmanIsCalledSo) {
  EXPECT_THAT(Case(Engine::kPodman).command(),
              ElementsAre("/usr/bin/podman", "run", "--rm", "--pull=never", "--name=hetao-j.1-0",
                          "--hostname=hetao-job", "--log-driver=none", "--cap-drop=all",
                          "--security-opt=no-new-privileges", "--cpus=2", "--memory=1073741824b",
                          "--memory-swap=1073741824b", "--pids-limit=100", "--shm-size=536870912b",
                          "--preserve-fds=2", "--workdir=/", "--network=none", "--userns=keep-id",
                          "--device=/dev/davinci0",
                          "--mount=type=bind,\"source=/opt/hetao-init\",\"target=/.hetao/init\",ro=true",
                          "--mount=type=bind,\"source=/spool/j.1/scratch/root/out\",\"target=/out\"",
                          "--entrypoint=/.hetao/init", "szu/pytorch:2.4"));
  EXPECT_THAT(Case(Engine::kPodman).command(false), Not(Contains("--userns=keep-id")));
}

TEST(Containers, ApptainerIsCalledSo) {
  EXPECT_THAT(Case(Engine::kApptainer).command(),
              ElementsAre("/usr/bin/apptainer", "--quiet", "exec", "--containall", "--no-home", "--no-init",
                          "--no-mount=hostfs,cwd,bind-paths", "--no-privs", "--no-eval",
                          "--hostname=hetao-job", "--pwd=/", "--net", "--network=none",
                          "--mount=type=bind,\"source=/dev/davinci0\",\"destination=/dev/davinci0\"",
                          "--mount=type=bind,\"source=/opt/hetao-init\",\"destination=/.hetao/init\",ro",
                          "--mount=type=bind,\"source=/spool/j.1/scratch/root/out\",\"destination=/out\"",
                          "/shared/images/szu+pytorch+2.4.sif", "/.hetao/init"));
}

TEST(Containers, EnrootIsCalledSoWithinNamespacesOfBubblewraps) {
  EXPECT_THAT(
      Case(Engine::kEnroot).command(),
      ElementsAre("/usr/bin/bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
                  "--hostname", "hetao-job", "--die-with-parent", "--new-session", "--as-pid-1", "--dev-bind",
                  "/", "/", "--proc", "/proc", "--clearenv", "--unshare-net", "--setenv", "PATH",
                  "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "--setenv", "HOME",
                  "/spool/j.1/scratch/enroot", "--setenv", "ENROOT_DATA_PATH", "/shared/images", "--setenv",
                  "ENROOT_RUNTIME_PATH", "/spool/j.1/scratch/enroot/run", "--setenv", "ENROOT_CACHE_PATH",
                  "/spool/j.1/scratch/enroot/cache", "--setenv", "ENROOT_CONFIG_PATH",
                  "/spool/j.1/scratch/enroot/config", "--setenv", "ENROOT_TEMP_PATH",
                  "/spool/j.1/scratch/enroot", "--setenv", "ENROOT_LOGIN_SHELL", "no", "--setenv",
                  "ENROOT_ROOTFS_WRITABLE", "no", "--", "/usr/bin/enroot", "start", "--mount",
                  "/dev/davinci0:/dev/davinci0:none:x-create=auto,bind", "--mount",
                  "/opt/hetao-init:/.hetao/init:none:x-create=auto,bind,nosuid,nodev,ro", "--mount",
                  "/spool/j.1/scratch/root/out:/out:none:x-create=auto,bind,nosuid,nodev", "--",
                  "szu+pytorch+2.4", "/.hetao/init"));
}

TEST(Containers, TheNetworkIsCutUnlessTheRunMayUseIt) {
  for (const Engine engine : {Engine::kPodman, Engine::kApptainer, Engine::kEnroot}) {
    Case one(engine);
    one.spec.network = true;
    for (const char* cut : {"--network=none", "--net", "--unshare-net"})
      EXPECT_THAT(one.command(), Not(Contains(cut))) << to_word(engine);
  }
}

TEST(Containers, HostilePathsStayValuesOfTheirOptions) {
  const std::vector<Bind> odd = {{"/b/a,b\"c", "/d,target=/etc", false, false}};
  Case podman(Engine::kPodman);
  podman.binds = odd;
  EXPECT_THAT(podman.command(),
              Contains("--mount=type=bind,\"source=/b/a,b\"\"c\",\"target=/d,target=/etc\",ro=true"));
  Case apptainer(Engine::kApptainer);
  apptainer.binds = odd;
  EXPECT_THAT(apptainer.command(),
              Contains("--mount=type=bind,\"source=/b/a,b\"\"c\",\"destination=/d,target=/etc\",ro"));
}

TEST(Containers, AnImagesNameLeadsOutOfNoFolder) {
  const ContainerConfig config = Case(Engine::kApptainer).config.containers;
  const RunSpec spec = Case(Engine::kApptainer).spec;
  EXPECT_EQ(image_path(config, "a/../../etc/x"), "/shared/images/a+..+..+etc+x.sif");
  for (const char* name : {"../x", "/etc/x", "-w", ".hidden", "a b", "a$HOME", "a\\b", "a#b"})
    EXPECT_FALSE(check_container(config, spec, name)) << name;
  EXPECT_TRUE(check_container(config, spec, "docker://szu/x:1"))
      << "a name like any other: nothing is fetched";
}

TEST(Containers, OutputsNeedAFolder) {
  for (const Engine engine : {Engine::kPodman, Engine::kApptainer, Engine::kEnroot}) {
    Case one(engine);
    one.spec.outputs = {{"/result.txt", "", OutputType::kFile}};
    EXPECT_FALSE(check_container(one.config.containers, one.spec, "x"));
    one.spec.outputs = {{"/out/result.txt", "", OutputType::kFile}};
    EXPECT_TRUE(check_container(one.config.containers, one.spec, "x"));
  }
}

TEST(Containers, PathsThatEnrootsMountTableCanNotHoldAreRefused) {
  Case one(Engine::kEnroot);
  for (const char* path : {"/with blank", "/with:colon", "/with\ttab", "/with$HOME"}) {
    one.spec.volumes = {path};
    const auto checked = check_container(one.config.containers, one.spec, "x");
    ASSERT_FALSE(checked) << path;
    EXPECT_THAT(to_line(checked.error()), HasSubstr("can't be mounted by enroot"));
    EXPECT_TRUE(check_container(Case(Engine::kPodman).config.containers, one.spec, "x")) << path;
  }
}

TEST(Containers, AMissingImageSaysWhoPutsItThere) {
  EXPECT_THAT(to_line(explain_container_failure(Engine::kPodman, "Error: x: image not known\n")),
              HasSubstr("podman pull"));
  EXPECT_THAT(to_line(explain_container_failure(
                  Engine::kApptainer, "FATAL:   could not open image /i/x.sif: failed to retrieve path")),
              HasSubstr("NAME.sif"));
  EXPECT_THAT(
      to_line(explain_container_failure(Engine::kEnroot, "[ERROR] No such file or directory: /i/x\n")),
      HasSubstr("enroot create"));
}

}  // namespace
}  // namespace hetao::platforms
