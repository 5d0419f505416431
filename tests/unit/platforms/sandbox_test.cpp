#include "gateway/platforms/local/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/base/text.h"

namespace hetao::platforms {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

SandboxConfig config() {
  SandboxConfig out;
  out.host_root_images = {"debian*", "python:3.?"};
  out.containers.images = {"registry/*"};
  return out;
}

RunSpec spec_with(std::string image) {
  RunSpec spec;
  spec.key = "j.1";
  spec.executors = {{std::move(image), {"true"}, "", "", "", "", {}, false}};
  return spec;
}

std::vector<std::string> fields_of(const std::string& options) {
  auto out = split(options, '\0');
  out.pop_back();  // after the last NUL
  return out;
}

// True if `wanted` stands in `fields` in one piece.
bool has_sequence(const std::vector<std::string>& fields, const std::vector<std::string>& wanted) {
  return std::search(fields.begin(), fields.end(), wanted.begin(), wanted.end()) != fields.end();
}

TEST(Sandbox, ImagesThatNobodyAllowedAreRefused) {
  EXPECT_EQ(*choose_engine(config(), "debian:12"), Engine::kHostRoot);
  EXPECT_EQ(*choose_engine(config(), "registry/pytorch:2.4"), Engine::kPodman);
  const auto refused = choose_engine(config(), "python:3.11");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kForbidden);
  EXPECT_THAT(to_line(refused.error()), HasSubstr("image \"python:3.11\": this platform may not run it"));
  // What runs on the host's programs does so beside an engine that runs everything else.
  SandboxConfig all = config();
  all.containers.images = {"*"};
  EXPECT_EQ(*choose_engine(all, "debian:12"), Engine::kHostRoot);
  EXPECT_EQ(*choose_engine(all, "anything"), Engine::kPodman);
  EXPECT_FALSE(choose_engine(SandboxConfig{}, "debian"));
  EXPECT_FALSE(check(config(), spec_with("evil")));
}

TEST(Sandbox, InputsInTheHostsFoldersAreRefused) {
  for (const char* path : {"/usr/share/x", "/bin", "/lib/y", "/etc/ssl/certs/ca.pem", "/opt/data"}) {
    RunSpec spec = spec_with("debian");
    spec.volumes = {path};
    EXPECT_FALSE(check(config(), spec)) << path;
  }
  RunSpec spec = spec_with("debian");
  spec.volumes = {"/etc/mine", "/tmp/deep/x", "/home/someone", "/var/data", "/srv"};
  EXPECT_TRUE(check(config(), spec));
}

TEST(Sandbox, NetworkIsSharedOnlyIfTheRunSaysSo) {
  RunSpec spec = spec_with("debian");
  const SandboxFolder folder{"/spool/j.1/scratch/root", "/bin/hetao-init", {}};
  EXPECT_THAT(fields_of(bubblewrap_options(spec, folder, {})), Contains("--unshare-all"));
  EXPECT_THAT(fields_of(bubblewrap_options(spec, folder, {})), Not(Contains("--share-net")));
  spec.network = true;
  EXPECT_THAT(fields_of(bubblewrap_options(spec, folder, {})), Contains("--share-net"));
}

TEST(Sandbox, WallsAreAlwaysThere) {
  const RunSpec spec = spec_with("debian");
  const auto fields = fields_of(bubblewrap_options(spec, {"/r", "/i", {}}, {}));
  for (const char* option : {"--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent",
                             "--new-session", "--clearenv"}) {
    EXPECT_THAT(fields, Contains(option));
  }
  EXPECT_TRUE(has_sequence(fields, {"--cap-drop", "ALL"}));
  EXPECT_TRUE(has_sequence(fields, {"--bind", "/r", "/"}));
  EXPECT_TRUE(has_sequence(fields, {"--remount-ro", "/dev"}));
}

TEST(Sandbox, InnerMountsComeAfterOuterOnes) {
  RunSpec spec = spec_with("debian");
  spec.mounts = {{"/data/sub/x", MountMode::kReadOnly, false, "/b/1", {}},
                 {"/data", MountMode::kReadOnly, true, "", {{"a", "/b/2"}}},
                 {"/store", MountMode::kReadWrite, true, "/srv/s", {}},
                 {"/copied", MountMode::kCopy, false, "/b/3", {}}};
  const SandboxFolder folder{"/r", "/i", {"/b/1", "/r2/inputs/1", "/srv/s", ""}};
  const auto binds = plan_binds(config(), spec, folder, Engine::kHostRoot);
  const auto at = [&](std::string_view path) {
    return std::find_if(binds.begin(), binds.end(), [&](const Bind& b) { return b.path == path; });
  };
  ASSERT_NE(at("/data/sub/x"), binds.end());
  EXPECT_LT(at("/data"), at("/data/sub/x"));
  EXPECT_FALSE(at("/data")->writable);
  EXPECT_TRUE(at("/store")->writable);
  EXPECT_EQ(at("/copied"), binds.end());
  EXPECT_FALSE(at("/usr")->writable);
  EXPECT_FALSE(at(kInitPath)->writable);
}

TEST(Sandbox, SecretsOfTheHostAreNeverMounted) {
  const auto binds = plan_binds(config(), spec_with("debian"), {"/r", "/i", {}}, Engine::kHostRoot);
  for (const Bind& bind : binds) {
    for (const char* secret : {"/", "/etc", "/etc/shadow", "/etc/ssl", "/etc/ssl/private", "/root", "/home",
                               "/var", "/run", "/etc/hetao"}) {
      EXPECT_NE(bind.source, secret);
    }
  }
}

TEST(Sandbox, HostilePathsStayValuesOfTheirOptions) {
  RunSpec spec = spec_with("debian");
  spec.mounts = {{"/--share-net", MountMode::kReadOnly, false, "/blobs/--bind", {}}};
  const SandboxFolder folder{"/r", "/i", {"/blobs/--bind"}};
  const auto binds = plan_binds(config(), spec, folder, Engine::kHostRoot);
  EXPECT_TRUE(has_sequence(fields_of(bubblewrap_options(spec, folder, binds)),
                           {"--ro-bind", "/blobs/--bind", "/--share-net"}));
}

TEST(Sandbox, PodmanGetsFoldersForWhatOutlivesTheContainer) {
  RunSpec spec = spec_with("registry/x");
  spec.outputs = {{"/out/a.bin", "", OutputType::kFile}, {"/logs", "", OutputType::kDirectory}};
  spec.executors[0].stdout_path = "/messages/out.txt";
  spec.volumes = {"/vol"};
  const auto binds = plan_binds(config(), spec, {"/r", "/i", {}}, Engine::kPodman);
  for (const char* path : {"/out", "/logs", "/messages", "/vol", "/tmp"}) {
    EXPECT_THAT(binds, Contains(Bind{"/r" + std::string(path), path, true, false})) << path;
  }
  EXPECT_THAT(binds, Not(Contains(Bind{"/usr", "/usr", false, true})));
}

TEST(Sandbox, TheTasksEnvironmentWinsOverDefaults) {
  ExecutorSpec executor;
  executor.env = {{"HOME", "/elsewhere"}, {"ZED", "1"}};
  const auto found = environment(executor, Engine::kHostRoot);
  EXPECT_THAT(found, Contains(std::pair<std::string, std::string>("HOME", "/elsewhere")));
  EXPECT_THAT(found, Contains(std::pair<std::string, std::string>("TMPDIR", "/tmp")));
  EXPECT_THAT(found, Contains(std::pair<std::string, std::string>("ZED", "1")));
  // An image's own search path stays.
  for (const auto& [name, value] : environment(executor, Engine::kPodman)) EXPECT_NE(name, "PATH");
}

TEST(Sandbox, ConfigurationReadsBackWhatItPrints) {
  SandboxConfig wanted = config();
  wanted.host_paths = {"/var/lib/texmf"};
  const auto read = read_sandbox_config(to_json(wanted));
  ASSERT_TRUE(read) << to_line(read.error());
  EXPECT_EQ(*read, wanted);
  wanted.containers = {Engine::kEnroot, "/usr/bin/enroot", {"*"}, "/shared/images"};
  EXPECT_EQ(read_sandbox_config(to_json(wanted)).value(), wanted);
  wanted.containers.image_folder = "images";
  EXPECT_FALSE(read_sandbox_config(to_json(wanted)));
  wanted.containers = {};
  wanted.host_paths = {"../x"};
  EXPECT_FALSE(read_sandbox_config(to_json(wanted)));
}

TEST(Sandbox, WhatAVersionSubmittedThatKnewPodmanAloneIsRead) {
  const auto read = read_sandbox_config(
      *parse_json(R"({"host_root_images":["host/*"],"podman_images":["r/*"],"host_paths":[],)"
                  R"("bubblewrap":"/usr/bin/bwrap","podman":"/opt/podman"})",
                  "old"));
  ASSERT_TRUE(read) << to_line(read.error());
  EXPECT_EQ(read->containers, (ContainerConfig{Engine::kPodman, "/opt/podman", {"r/*"}, ""}));
}

TEST(Sandbox, MissingNamespacesAreExplained) {
  const auto error = explain_sandbox_failure(
      Engine::kHostRoot,
      "bwrap: No permissions to create new namespace, likely because the kernel does not allow "
      "non-privileged user namespaces.\n");
  EXPECT_THAT(to_line(error), HasSubstr("this machine allows no user namespaces"));
  EXPECT_THAT(to_line(error), HasSubstr("user.max_user_namespaces"));
}

}  // namespace
}  // namespace hetao::platforms
