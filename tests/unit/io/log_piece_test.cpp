#include "gateway/io/log_piece.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gateway/io/durable_file.h"
#include "gateway/runner/log_tail.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

using testing_support::TemporaryFolder;

class LogPieces : public testing::Test {
 protected:
  LogPiece read(int64_t from, size_t most = 1'000) {
    const auto file = open_file(folder_.path() + "/stdout.0", O_RDONLY);
    return file ? read_log_piece(file->get(), from, most) : LogPiece{};
  }

  TemporaryFolder folder_;
};

TEST_F(LogPieces, AReaderFollowsAStreamWhileItsBeginningIsCut) {
  const Descriptor folder(::open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY));
  auto log = runner::LogTail::create(folder.get(), "stdout.0", 100);
  ASSERT_TRUE(log);
  std::string all;
  std::string seen;
  int64_t left_out = 0;
  int64_t at = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    log->write(line);
    all += line;
    if (i % 7 != 0 && i < 200) continue;  // a reader that is slow at first
    const LogPiece piece = read(at);
    left_out += piece.from - at;
    EXPECT_EQ(piece.bytes, all.substr(static_cast<size_t>(piece.from), piece.bytes.size()));
    seen += piece.bytes;
    at = piece.end();
    EXPECT_EQ(at, static_cast<int64_t>(all.size()));
  }
  log->finish();
  EXPECT_EQ(read(at).bytes, "");
  EXPECT_EQ(static_cast<int64_t>(seen.size()) + left_out, static_cast<int64_t>(all.size()));
  EXPECT_EQ(left_out, 0);
  const LogPiece late = read(0);
  EXPECT_GT(late.from, 0);
  EXPECT_EQ(late.end(), static_cast<int64_t>(all.size()));
}

TEST_F(LogPieces, AMarkThatTheProgramWroteItselfLeadsNowhereElse) {
  for (const char* text : {"[hetao: the first 9223372036854775807 bytes are not kept]\nabc",
                           "[hetao: the first -5 bytes are not kept]\nabc", "[hetao: the first ",
                           "[hetao: the first 99999999999999999999 bytes are not kept]\nabc"}) {
    std::ofstream(folder_.path() + "/stdout.0") << text;
    for (const int64_t from : {int64_t{0}, int64_t{3}, INT64_MAX})
      EXPECT_LE(read(from).bytes.size(), 200U) << text;
  }
}

TEST_F(LogPieces, PiecesAreNoLongerThanAskedFor) {
  std::ofstream(folder_.path() + "/stdout.0") << "0123456789";
  EXPECT_EQ(read(2, 3).bytes, "234");
  EXPECT_EQ(read(2, 3).end(), 5);
  EXPECT_EQ(read(10, 3).bytes, "");
  EXPECT_EQ(read(500, 3).bytes, "");
  EXPECT_EQ(read(-4).bytes, "6789") << "the end of it";
  EXPECT_EQ(read(-400).bytes, "0123456789");
  EXPECT_EQ(read(INT64_MIN).bytes, "0123456789");
}

}  // namespace
}  // namespace hetao::io
