#include "gateway/runner/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "gateway/runner/log_tail.h"
#include "tests/unit/runner/spool_fixture.h"

namespace hetao::runner {
namespace {

TEST(Files, CreatingTwiceKeepsTheFirst) {
  const TemporaryFolder folder;
  const auto fd = open_folder(folder.path());
  EXPECT_TRUE(*create_file_durably(fd->get(), "x", "first"));
  EXPECT_FALSE(*create_file_durably(fd->get(), "x", "second"));
  EXPECT_EQ(read_text(folder.path() + "/x"), "first");
  ASSERT_TRUE(replace_file_durably(fd->get(), "x", "third"));
  EXPECT_EQ(read_text(folder.path() + "/x"), "third");
  EXPECT_EQ(names_in(fd->get())->size(), 1U);  // no temporary name is left
}

TEST(Files, ReadingIsBounded) {
  const TemporaryFolder folder;
  const auto fd = open_folder(folder.path());
  folder.write("x", std::string(100'000, 'a'));
  EXPECT_EQ(read_file_at(fd->get(), "x", 100'000)->size(), 100'000U);
  EXPECT_FALSE(read_file_at(fd->get(), "x", 99'999));
  EXPECT_EQ(read_file_at(fd->get(), "y", 10).error().code, ErrorCode::kNotFound);
}

TEST(Files, AVeryDeepTreeIsRemoved) {
  const TemporaryFolder folder;
  const auto top = open_folder(folder.path());
  auto here = make_folder_at(top->get(), "deep");
  for (int i = 0; i < 5'000; ++i) {
    auto next = make_folder_at(here->get(), "d");
    ASSERT_TRUE(next);
    here = std::move(next);
  }
  ASSERT_TRUE(remove_tree(top->get(), "deep"));
  EXPECT_TRUE(names_in(top->get())->empty());
}

TEST(Files, RemovingDoesNotFollowLinks) {
  const TemporaryFolder folder;
  const TemporaryFolder outside;
  outside.write("kept", "x");
  std::filesystem::create_directory(folder.path() + "/tree");
  std::filesystem::create_directory_symlink(outside.path(), folder.path() + "/tree/link");
  const auto top = open_folder(folder.path());
  ASSERT_TRUE(remove_tree(top->get(), "tree"));
  EXPECT_EQ(read_text(outside.path() + "/kept"), "x");
}

TEST(Files, NothingIsMadeThroughALink) {
  const TemporaryFolder folder;
  const TemporaryFolder outside;
  std::filesystem::create_directory_symlink(outside.path(), folder.path() + "/link");
  const auto root = open_folder(folder.path());
  EXPECT_FALSE(make_folders_inside(root->get(), "/link/x"));
  EXPECT_FALSE(make_file_inside(root->get(), "/link/x"));
  EXPECT_FALSE(make_file_inside(root->get(), "/link"));
  EXPECT_FALSE(copy_inside("/etc/passwd", root->get(), "/link/x"));
  EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
}

TEST(Files, MeasuringCountsBytesAndNamesOnce) {
  const TemporaryFolder folder;
  const auto root = open_folder(folder.path());
  folder.write("x", std::string(1'000'000, 'a'));
  std::filesystem::create_hard_link(folder.path() + "/x", folder.path() + "/y");
  const Usage used = measure(root->get(), int64_t{1} << 40U);
  EXPECT_GE(used.bytes, 1'000'000);
  EXPECT_LT(used.bytes, 1'100'000);
  EXPECT_FALSE(used.too_many);
  EXPECT_TRUE(measure(root->get(), 500'000).too_many);
}

TEST(Files, ACopyKeepsLinksAndContent) {
  const TemporaryFolder from;
  const TemporaryFolder to;
  std::filesystem::create_directories(from.path() + "/tree/sub");
  from.write("tree/sub/x", "content");
  std::filesystem::create_symlink("sub/x", from.path() + "/tree/link");
  ASSERT_EQ(::mkfifo((from.path() + "/tree/pipe").c_str(), 0600), 0);
  const auto root = open_folder(to.path());
  ASSERT_TRUE(copy_inside(from.path() + "/tree", root->get(), "/data/here"));
  EXPECT_EQ(read_text(to.path() + "/data/here/link"), "content");
  EXPECT_FALSE(std::filesystem::exists(to.path() + "/data/here/pipe"));
}

TEST(LogTail, IsBoundedAtEveryMoment) {
  const TemporaryFolder folder;
  const auto fd = open_folder(folder.path());
  auto log = LogTail::create(fd->get(), "log", 100);
  std::string all;
  for (int i = 0; i < 1'000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    all += line;
    log->write(line);
    EXPECT_LT(read_text(folder.path() + "/log").size(), 320U);
  }
  log->finish();
  EXPECT_EQ(log->bytes_written(), static_cast<int64_t>(all.size()));
  EXPECT_EQ(read_text(folder.path() + "/log"), "[hetao: the first " + std::to_string(all.size() - 100) +
                                                   " bytes are not kept]\n" + all.substr(all.size() - 100));
}

TEST(LogTail, ShortStreamsAreWhole) {
  const TemporaryFolder folder;
  const auto fd = open_folder(folder.path());
  auto log = LogTail::create(fd->get(), "log", 100);
  log->write(std::string(100, 'x'));
  log->finish();
  EXPECT_EQ(read_text(folder.path() + "/log"), std::string(100, 'x'));
}

}  // namespace
}  // namespace hetao::runner
