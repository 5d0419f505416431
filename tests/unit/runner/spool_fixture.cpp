#include "tests/unit/runner/spool_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "gateway/runner/files.h"

namespace hetao::runner {

using platforms::ReplyKind;

TemporaryFolder::TemporaryFolder() {
  std::string name = testing::TempDir() + "hetao-runner-XXXXXX";
  const char* made = ::mkdtemp(name.data());
  if (made == nullptr) std::abort();
  path_ = made;
}

TemporaryFolder::~TemporaryFolder() {
  const size_t slash = path_.rfind('/');
  if (const auto parent = open_folder(path_.substr(0, slash)))
    (void)remove_tree(parent->get(), path_.substr(slash + 1));
}

std::string TemporaryFolder::write(const std::string& name, const std::string& content) const {
  std::string path = path_ + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void SpoolTest::SetUp() {
  platforms::SandboxConfig sandbox;
  sandbox.host_root_images = {"debian*"};
  auto opened = Spool::open({folder_.path() + "/spool", HETAO_BIN_DIR "/hetao-runner", sandbox});
  ASSERT_TRUE(opened) << to_line(opened.error());
  spool_.emplace(std::move(*opened));
  static const Result<void> kSandbox = spool_->check_sandbox();
  if (!kSandbox) {
    const std::string why = to_line(kSandbox.error());
    ASSERT_NE(why.find("no user namespaces"), std::string::npos) << why;
    GTEST_SKIP() << "not tried here: " << why;
  }
}

void SpoolTest::TearDown() {
  if (!spool_) return;
  const auto keys = spool_->list();
  if (!keys) return;
  for (const std::string& key : *keys) {
    (void)spool_->cancel(key);
    (void)wait(key);
  }
}

platforms::RunSpec SpoolTest::shell(const std::string& key, const std::string& command) {
  platforms::RunSpec spec;
  spec.key = key;
  spec.executors = {{"debian", {"/bin/sh", "-c", command}, "", "", "", "", {}, false}};
  spec.limits.wall_seconds = 60;
  spec.limits.grace_seconds = 1;
  return spec;
}

platforms::RunSpec SpoolTest::python(const std::string& key, const std::string& program) {
  platforms::RunSpec spec = shell(key, "");
  spec.executors[0].command = {"/usr/bin/python3", "-c", program};
  return spec;
}

void SpoolTest::submit(const platforms::RunSpec& spec) {
  const auto reply = spool().submit_held(spec);
  ASSERT_EQ(reply.kind, ReplyKind::kOk) << reply.why;
}

void SpoolTest::release(const std::string& key) {
  const auto reply = spool().release(key);
  ASSERT_EQ(reply.kind, ReplyKind::kOk) << reply.why;
}

platforms::RunStatus SpoolTest::wait(const std::string& key) {
  // The owner's lock on the token is free when it is gone.
  const Fd token(::open((spool().folder_of(key) + "/token").c_str(), O_RDONLY | O_CLOEXEC));
  if (token) EXPECT_EQ(::flock(token.get(), LOCK_SH), 0);
  auto status = spool().get(key);
  if (!status) throw std::runtime_error(to_line(status.error()));
  return *status;
}

platforms::RunStatus SpoolTest::run(const platforms::RunSpec& spec) {
  submit(spec);
  if (!HasFatalFailure()) release(spec.key);
  return wait(spec.key);
}

void SpoolTest::await_file(const std::string& key, const std::string& path) {
  const std::string whole = spool().folder_of(key) + "/scratch/root" + path;
  constexpr int kLookMillis = 20;
  while (::access(whole.c_str(), F_OK) != 0) {
    const auto status = spool().get(key);
    ASSERT_TRUE(status && !platforms::is_final(status->state)) << "ended before it made " << path;
    ::poll(nullptr, 0, kLookMillis);
  }
}

std::string SpoolTest::out(const std::string& key, int executor) {
  return read_text(spool().folder_of(key) + "/stdout." + std::to_string(executor));
}

std::string SpoolTest::err(const std::string& key, int executor) {
  return read_text(spool().folder_of(key) + "/stderr." + std::to_string(executor));
}

std::string SpoolTest::output(const std::string& key, const platforms::OutputFile& file) {
  return read_text(spool().folder_of(key) + "/" + file.stored);
}

}  // namespace hetao::runner
