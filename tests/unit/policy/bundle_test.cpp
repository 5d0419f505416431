// Packs as one file: what is signed is what is read, and nothing else.
#include "policy/bundle.h"

#include <gtest/gtest.h>

namespace hetao::policy {
namespace {

const std::vector<SourceFile> kFiles = {{"pack.yaml", "policy: p\nversion: '1'\n"},
                                        {"rules/a.yaml", "rules: []\n# 深圳\n"}};
const std::string kPackDigest(64, 'a');

struct Made {
  std::string note;
  std::string content;
};

Made make(uint64_t edition) {
  const std::string content = print_files(kFiles);
  return {bundle_note(edition, kPackDigest, content), content};
}

TEST(Bundle, WhatWasPrintedIsRead) {
  const Made made = make(7);
  const auto bundle = read_bundle(made.note, made.content);
  ASSERT_TRUE(bundle.has_value()) << to_line(bundle.error());
  EXPECT_EQ(bundle->edition, 7U);
  EXPECT_EQ(bundle->pack_digest, kPackDigest);
  ASSERT_EQ(bundle->files.size(), 2U);
  EXPECT_EQ(bundle->files[1].text, kFiles[1].text);
}

TEST(Bundle, PartsComeApartAsTheyWerePutTogether) {
  const Made made = make(1);
  const std::string signed_note = made.note + "\n— office AAAA\n";
  const std::string whole = join_bundle(signed_note, made.content);
  const auto parts = split_bundle(whole);
  ASSERT_TRUE(parts.has_value()) << to_line(parts.error());
  EXPECT_EQ(parts->signed_note, signed_note);
  EXPECT_EQ(parts->content, made.content);
}

TEST(Bundle, WithoutASignatureItIsNone) {
  const Made made = make(1);
  EXPECT_FALSE(split_bundle(join_bundle(made.note, made.content)).has_value());
  EXPECT_FALSE(split_bundle(made.note).has_value());
  EXPECT_FALSE(split_bundle("").has_value());
  EXPECT_FALSE(split_bundle("hetao-policy-bundle/v2\n" + made.note).has_value());
}

TEST(Bundle, AnyOtherByteIsRefused) {
  const Made made = make(3);
  for (size_t i = 0; i < made.content.size(); ++i) {
    std::string other = made.content;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(read_bundle(made.note, other).has_value()) << i;
  }
  EXPECT_FALSE(read_bundle(made.note + "more\n", made.content).has_value());
  EXPECT_FALSE(read_bundle(made.note.substr(0, made.note.size() - 1), made.content).has_value());
}

TEST(Bundle, EditionsAreNumbersFromOne) {
  const Made made = make(5);
  for (const char* edition : {"0", "05", "-1", "+5", "5 ", "", "99999999999999999999", "x"}) {
    std::string note = made.note;
    note.replace(note.find("edition 5"), 9, std::string("edition ") + edition);
    EXPECT_FALSE(read_bundle(note, made.content).has_value()) << edition;
  }
}

TEST(Bundle, FilesAreTextsByName) {
  EXPECT_FALSE(parse_files("[]").has_value());
  EXPECT_FALSE(parse_files("{\"pack.yaml\": 1}").has_value());
  EXPECT_FALSE(parse_files("{\"a\": \"x\", \"a\": \"y\"}").has_value());
  const auto files = parse_files("{\"b\": \"2\", \"a\": \"1\"}");
  ASSERT_TRUE(files.has_value());
  EXPECT_EQ(files->front().name, "a");
}

}  // namespace
}  // namespace hetao::policy
