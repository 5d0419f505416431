// Runs in real containers, through podman: an image of one static program, made here, in a store of its own.
// Skipped where podman or a static busybox is not installed, or where this machine lets podman start nothing.
#include <unistd.h>

#include <cstdlib>

#include "tests/unit/runner/spool_fixture.h"

namespace hetao::runner {
namespace {

using platforms::EndReason;
using platforms::MountMode;
using platforms::OutputType;
using platforms::RunState;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kImage = "localhost/hetao-test:1";

// Podman's store with the image in it, for all tests of this program.
class Store {
 public:
  // Why there is none; empty: there is.
  static const std::string& trouble() {
    static const Store kStore;
    return kStore.trouble_;
  }

 private:
  Store() : trouble_(make()) {}

  std::string make() const {
    if (::access("/usr/bin/podman", X_OK) != 0) return "no podman";
    if (::access("/usr/bin/busybox", X_OK) != 0) return "no busybox";
    // Small machines give no process the limits that podman asks for.
    const std::string runtime = ::access("/usr/sbin/runc", X_OK) == 0 ? "runtime = \"runc\"\n" : "";
    ::setenv("CONTAINERS_CONF",
             folder_
                 .write("containers.conf",
                        "[containers]\ndefault_ulimits = [\"nofile=1024:4096\", \"nproc=1000:1000\"]\n"
                        "[engine]\ncgroup_manager = \"cgroupfs\"\n" +
                            runtime)
                 .c_str(),
             1);
    ::setenv("CONTAINERS_STORAGE_CONF",
             folder_
                 .write("storage.conf", "[storage]\ndriver = \"vfs\"\ngraphroot = \"" + folder_.path() +
                                            "/images\"\nrunroot = \"" + folder_.path() + "/state\"\n")
                 .c_str(),
             1);
    const std::string root = folder_.path() + "/root";
    const std::string said = folder_.path() + "/said";
    const std::string made = "mkdir -p " + root + "/bin && cp /usr/bin/busybox " + root +
                             "/bin/sh && tar -C " + root + " -cf " + root + ".tar . && podman import -q " +
                             root + ".tar " + kImage + " && podman run --rm --network=none " + kImage +
                             " /bin/sh -c true";
    return std::system(("{ " + made + "; } >" + said + " 2>&1").c_str()) == 0 ? std::string()
                                                                              : read_text(said);
  }
  ~Store() {
    if (trouble_.empty()) (void)std::system("podman rmi --all --force >/dev/null 2>&1");
  }

  TemporaryFolder folder_;
  std::string trouble_;
};

class Podman : public SpoolTest {
 protected:
  void SetUp() override {
    if (!Store::trouble().empty()) GTEST_SKIP() << "not tried here: " << Store::trouble();
    platforms::SandboxConfig sandbox;
    sandbox.containers.images = {"*"};
    auto opened = Spool::open({folder_.path() + "/spool", HETAO_BIN_DIR "/hetao-runner", sandbox});
    ASSERT_TRUE(opened) << to_line(opened.error());
    spool_.emplace(std::move(*opened));
    const auto there = spool_->check_engines();
    ASSERT_TRUE(there) << to_line(there.error());
  }

  static platforms::RunSpec in_image(const std::string& key, const std::string& command) {
    platforms::RunSpec spec = shell(key, command);
    spec.executors[0].image = kImage;
    spec.limits.ram_bytes = int64_t{256} << 20U;
    return spec;
  }
};

TEST_F(Podman, InputsAndOutputsPassTheContainersWall) {
  platforms::RunSpec spec =
      in_image("job.1", "read line < /data/in; echo \"got $line\" > /out/copy; echo said");
  spec.mounts = {{"/data/in", MountMode::kReadOnly, false, folder_.write("in", "brought along\n"), {}}};
  spec.outputs = {{"/out/copy", "", OutputType::kFile}};
  const auto status = run(spec);
  ASSERT_EQ(status.state, RunState::kEnded) << status.failure;
  EXPECT_EQ(status.failure, "") << err("job.1");
  EXPECT_EQ(out("job.1"), "said\n");
  ASSERT_EQ(status.outputs.size(), 1U);
  ASSERT_EQ(status.outputs[0].files.size(), 1U) << status.outputs[0].note;
  EXPECT_EQ(output("job.1", status.outputs[0].files[0]), "got brought along\n");
}

TEST_F(Podman, NothingOfTheHostIsSeenAndTheNetworkIsCut) {
  const auto status =
      run(in_image("job.1", "echo /* /etc/h*; while read line; do echo \"$line\"; done < /proc/net/dev"));
  EXPECT_EQ(status.failure, "") << err("job.1");
  EXPECT_THAT(out("job.1"), Not(HasSubstr("/usr")));
  EXPECT_THAT(out("job.1"), HasSubstr("lo:"));
  EXPECT_THAT(out("job.1"), Not(HasSubstr("eth")));
}

TEST_F(Podman, ExitCodesComeThrough) {
  const auto status = run(in_image("job.1", "exit 7"));
  ASSERT_EQ(status.executors.size(), 1U);
  EXPECT_EQ(status.executors[0].exit_code, 7);
}

TEST_F(Podman, CancellingStopsTheContainer) {
  const auto spec = in_image("job.1", "echo > /tmp/runs; while :; do :; done");
  submit(spec);
  release("job.1");
  await_file("job.1", "/tmp/runs");
  (void)spool().cancel("job.1");
  EXPECT_EQ(wait("job.1").state, RunState::kCancelled);
}

TEST_F(Podman, AnImageThatIsNotThereIsNamedWithWhatToDo) {
  auto spec = in_image("job.1", "true");
  spec.executors[0].image = "localhost/nowhere:1";
  const auto status = run(spec);
  ASSERT_EQ(status.executors.size(), 1U);
  EXPECT_EQ(status.executors[0].reason, EndReason::kSandbox);
  EXPECT_THAT(status.executors[0].message, HasSubstr("podman pull"));
}

using Engines = SpoolTest;

TEST_F(Engines, AProgramThatIsMissingIsNamedBeforeAnythingStarts) {
  for (const auto engine :
       {platforms::Engine::kPodman, platforms::Engine::kApptainer, platforms::Engine::kEnroot}) {
    platforms::SandboxConfig sandbox;
    sandbox.containers = {engine, "/no/such/program", {"*"}, folder_.path()};
    const auto other = Spool::open({folder_.path() + "/other", HETAO_BIN_DIR "/hetao-runner", sandbox});
    const auto checked = other->check_engines();
    ASSERT_FALSE(checked);
    EXPECT_THAT(to_line(checked.error()), HasSubstr("/no/such/program: is not there"));
    // And where the gateway's machine is no node, by the run itself.
    const auto spec = shell(std::string("job-") + to_word(engine), "true");
    ASSERT_EQ(other->submit_held(spec).kind, platforms::ReplyKind::kOk);
    ASSERT_EQ(other->release(spec.key).kind, platforms::ReplyKind::kOk);
    spool_ = *other;
    const auto status = wait(spec.key);
    ASSERT_EQ(status.executors.size(), 1U);
    EXPECT_EQ(status.executors[0].reason, EndReason::kSandbox);
    EXPECT_THAT(status.executors[0].message, HasSubstr("is it installed?"));
  }
}

TEST_F(Engines, AFolderOfImagesThatIsNotThereIsNamed) {
  platforms::SandboxConfig sandbox;
  sandbox.containers = {platforms::Engine::kApptainer, "/bin/true", {"*"}, "/no/such/images"};
  const auto other = Spool::open({folder_.path() + "/other", HETAO_BIN_DIR "/hetao-runner", sandbox});
  const auto checked = other->check_engines();
  ASSERT_FALSE(checked);
  EXPECT_THAT(to_line(checked.error()), HasSubstr("/no/such/images"));
}

}  // namespace
}  // namespace hetao::runner
