#include "gateway/io/gzip.h"

#include <gtest/gtest.h>

namespace hetao::io {
namespace {

TEST(Gzip, IsUnpackedWholeAndWithinItsBound) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(gunzip(gzip(text), text.size()).value_or(""), text);
  EXPECT_EQ(gunzip(gzip(""), 0).value_or("?"), "");
  EXPECT_EQ(gunzip(gzip(text), text.size() - 1).error().code, ErrorCode::kNotAllowed);
  const std::string packed = gzip("some words");
  for (const std::string& broken :
       {std::string(), std::string("{}"), packed.substr(0, packed.size() - 1), packed + "x"})
    EXPECT_EQ(gunzip(broken, 100).error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace hetao::io
