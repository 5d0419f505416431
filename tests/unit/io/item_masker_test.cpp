// The copy of an item that may cross where a permit asks for masking, by the real inspector.
#include "gateway/io/item_masker.h"

#include <gtest/gtest.h>

#include "gateway/federation/item.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

class Masking : public ::testing::Test {
 protected:
  pb::Item item_of(const std::vector<std::pair<std::string, std::string>>& files) {
    pb::Item item;
    item.set_name("results");
    for (const auto& [path, content] : files) {
      const StoredBlob stored = blobs_.ingest_bytes(content).value();
      pb::ItemFile& file = *item.add_files();
      file.set_path(path);
      file.set_digest(stored.digest);
      file.set_bytes(static_cast<int64_t>(stored.bytes));
    }
    federation::seal_item(item);
    return item;
  }
  std::string content(const pb::Item& item, int file = 0) {
    return blobs_.read(item.files(file).digest(), 1 << 20).value();
  }

  testing_support::TemporaryFolder folder_;
  BlobStore blobs_ = BlobStore::open(folder_ / "blobs").value();
  ItemInspector inspector_{{{"staff_no", "SZU-[0-9]{6}"}}};
};

TEST_F(Masking, WhatWasFoundIsOverwrittenAndTheRestStays) {
  const std::string text = "operator HKID A123456(3), mail a.b@hku.example, staff SZU-004217\nrows 250\n";
  const pb::Item item = item_of({{"", text}});
  const auto copy = masked_copy(inspector_, blobs_, item, {"hkid", "staff_no"});
  ASSERT_TRUE(copy.has_value()) << to_line(copy.error());
  EXPECT_EQ(content(*copy), "operator HKID *******(*), mail a.b@hku.example, staff ***-******\nrows 250\n");
  EXPECT_NE(copy->digest(), item.digest());
  EXPECT_EQ(federation::misfit_of(*copy), "");
  EXPECT_EQ(content(item), text);
}

TEST_F(Masking, OtherWritingsAreOverwrittenToo) {
  const pb::Item item = item_of({{"a.txt",
                                  "id 1101\xe2\x80\x8b\x30"
                                  "519491231002X and card 4111 1111 1111 1111\n"},
                                 {"b.txt", "nothing here\n"}});
  const auto copy = masked_copy(inspector_, blobs_, item, {"cn_resident_id", "intl_pan"});
  ASSERT_TRUE(copy.has_value()) << to_line(copy.error());
  EXPECT_EQ(content(*copy, 0).find_first_of("0123456789"), std::string::npos) << content(*copy, 0);
  EXPECT_EQ(copy->files(1).digest(), item.files(1).digest());
}

TEST_F(Masking, AnItemWithoutAnyIsItsOwnCopy) {
  const pb::Item item = item_of({{"", "rows 250\n"}});
  const auto copy = masked_copy(inspector_, blobs_, item, {"hkid"});
  ASSERT_TRUE(copy.has_value());
  EXPECT_EQ(copy->digest(), item.digest());
}

TEST_F(Masking, WhatIsNoPlainTextOrNoSuchKindHasNoCopy) {
  const auto why = [this](const pb::Item& item, const std::string& kind) {
    const auto copy = masked_copy(inspector_, blobs_, item, {kind});
    return copy ? std::string("a copy") : to_line(copy.error());
  };
  const pb::Item base64 = item_of(
      {{"", "data: " + to_base64(as_bytes("HKID of the operator: A123456(3), and more text")) + "\n"}});
  EXPECT_NE(why(base64, "hkid").find("encoded"), std::string::npos) << why(base64, "hkid");
  EXPECT_NE(why(item_of({{"", "\x89PNG\r\n\x1a\n picture"}}), "hkid").find("can't be masked"),
            std::string::npos);
  EXPECT_NE(why(item_of({{"", "x\n"}}), "diagnosis").find("none that can be masked"), std::string::npos);
  EXPECT_NE(why(item_of({{"", "x\n"}}), "vcf_text").find("none that can be masked"), std::string::npos);
  EXPECT_NE(why(item_of({{"A123456(3).txt", "x\n"}}), "hkid").find("names"), std::string::npos);
}

}  // namespace
}  // namespace hetao::io
