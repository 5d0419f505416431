#include "gateway/io/staging.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

namespace fs = std::filesystem;
using testing_support::slurp;
using testing_support::spill;

class TheStagingFolders : public ::testing::Test {
 protected:
  TheStagingFolders() {
    spill(folder_ / "secret/key", "secret");
    spill(folder_ / "stage/a.csv", "a");
    spill(folder_ / "stage/set/b.csv", "b");
    spill(folder_ / "stage/set/deep/c.csv", "c");
    staging_ = Staging::open({folder_ / "stage"}).value();
  }
  std::string url(const std::string& path) const { return "file://" + (folder_ / path); }

  testing_support::TemporaryFolder folder_;
  BlobStore blobs_ = BlobStore::open(folder_ / "blobs").value();
  Staging staging_;
};

TEST_F(TheStagingFolders, GiveAFileAsOneUnnamedFile) {
  const auto files = staging_.ingest(url("stage/a.csv"), blobs_).value();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].path(), "");
  EXPECT_EQ(blobs_.read(files[0].digest(), 10).value(), "a");
}

TEST_F(TheStagingFolders, GiveAFolderAsItsFilesInOrder) {
  const auto files = staging_.ingest(url("stage/set/"), blobs_).value();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path(), "b.csv");
  EXPECT_EQ(files[1].path(), "deep/c.csv");
}

TEST_F(TheStagingFolders, LetNothingOutsideBeRead) {
  fs::create_symlink(folder_ / "secret/key", folder_ / "stage/link");
  fs::create_directory_symlink(folder_ / "secret", folder_ / "stage/door");
  fs::create_symlink("/proc/self/environ", folder_ / "stage/set/environ");
  for (const std::string& path :
       {"stage/link", "stage/door/key", "stage/door", "stage/set", "secret/key", "stage/../secret/key",
        "stage/%2e%2e/secret/key", "stage/set/../../secret/key", "stagex/key"})
    EXPECT_FALSE(staging_.ingest(url(path), blobs_)) << path;
  for (const char* odd :
       {"http://x/y", "file://host/etc/passwd", "file:relative", "", "file://", "file:///", "file:///a%00b"})
    EXPECT_FALSE(staging_.ingest(odd, blobs_)) << odd;
}

TEST_F(TheStagingFolders, FollowLinksThatStayInside) {
  fs::create_symlink("a.csv", folder_ / "stage/alias.csv");
  EXPECT_TRUE(staging_.ingest(url("stage/alias.csv"), blobs_));
}

TEST_F(TheStagingFolders, RefuseWhatIsNoFile) {
  ASSERT_EQ(::mkfifo((folder_ / "stage/pipe").c_str(), 0600), 0);
  const auto pipe = staging_.ingest(url("stage/pipe"), blobs_);
  ASSERT_FALSE(pipe);
  EXPECT_NE(pipe.error().why.find("neither a file nor a folder"), std::string::npos);
}

pb::ItemFile file_of(BlobStore& blobs, const std::string& path, const std::string& text) {
  pb::ItemFile file;
  file.set_path(path);
  file.set_digest(blobs.ingest_bytes(text)->digest);
  return file;
}

TEST_F(TheStagingFolders, ReceiveResultsAndTheirFoldersAlsoTwice) {
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(staging_.deliver(url("stage/out/model.bin"), {file_of(blobs_, "", "model")}, blobs_));
    ASSERT_TRUE(staging_.deliver(url("stage/out/tree"),
                                 {file_of(blobs_, "x", "1"), file_of(blobs_, "y/z", "2")}, blobs_));
  }
  EXPECT_EQ(slurp(folder_ / "stage/out/model.bin"), "model");
  EXPECT_EQ(slurp(folder_ / "stage/out/tree/y/z"), "2");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "stage/out/tree"), {}), 2)
      << "no temporary files stay";
}

TEST_F(TheStagingFolders, LetNothingOutsideBeWritten) {
  fs::create_directory_symlink(folder_ / "secret", folder_ / "stage/door");
  EXPECT_FALSE(staging_.deliver(url("stage/door/new"), {file_of(blobs_, "", "x")}, blobs_));
  EXPECT_FALSE(staging_.deliver(url("stage/out"), {file_of(blobs_, "../../secret/new", "x")}, blobs_));
  EXPECT_FALSE(staging_.deliver(url("secret/new"), {file_of(blobs_, "", "x")}, blobs_));
  EXPECT_FALSE(fs::exists(folder_ / "secret/new"));
  // A link in the place of the file itself is replaced, not followed.
  fs::create_symlink(folder_ / "secret/key", folder_ / "stage/trap");
  ASSERT_TRUE(staging_.deliver(url("stage/trap"), {file_of(blobs_, "", "x")}, blobs_));
  EXPECT_EQ(slurp(folder_ / "secret/key"), "secret");
}

TEST(StagingRoots, MustBeAbsoluteAndThere) {
  EXPECT_FALSE(Staging::open({"relative"}));
  EXPECT_FALSE(Staging::open({"/"}));
  EXPECT_FALSE(Staging::open({"/tmp/../etc"}));
  EXPECT_FALSE(Staging::open({"/there/is/no/such/folder"}));
  const auto none = Staging::open({}).value();
  EXPECT_EQ(none.check("file:///tmp/x").error().code, ErrorCode::kNotAllowed);
}

}  // namespace
}  // namespace hetao::io
