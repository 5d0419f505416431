// A spool of its own for each test, with the real hetao-runner and bubblewrap. Tests skip, and say so, where
// the machine allows no user namespaces.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "gateway/platforms/platform.h"
#include "gateway/runner/spool.h"

namespace hetao::runner {

// A folder below the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& content) const;  // its absolute path

 private:
  std::string path_;
};

std::string read_text(const std::string& path);

class SpoolTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // A run of one executor, `command` under /bin/sh.
  static platforms::RunSpec shell(const std::string& key, const std::string& command);
  static platforms::RunSpec python(const std::string& key, const std::string& program);

  void submit(const platforms::RunSpec& spec);
  void release(const std::string& key);
  // Blocks until the run's owner is gone; no sleeping. Then its status.
  platforms::RunStatus wait(const std::string& key);
  // Submits, releases, waits.
  platforms::RunStatus run(const platforms::RunSpec& spec);

  // Blocks until the job has made a file, which tells that it runs.
  void await_file(const std::string& key, const std::string& path);

  std::string out(const std::string& key, int executor = 0);
  std::string err(const std::string& key, int executor = 0);
  std::string output(const std::string& key, const platforms::OutputFile& file);

  Spool& spool() { return *spool_; }

  TemporaryFolder folder_;
  std::optional<Spool> spool_;
};

}  // namespace hetao::runner
