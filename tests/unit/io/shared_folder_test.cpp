#include "gateway/io/shared_folder.h"

#include <gtest/gtest.h>

namespace hetao::io {
namespace {

const std::vector<SharedFolder> kFolders = {{"/srv/toil", {"hku", "szu"}}, {"/srv/other", {"szu"}}};

TEST(SharedFolders, AreForTheirTenantsAlone) {
  const auto found = [](const char* url, const char* tenant) {
    const SharedFolder* folder = shared_folder_of(kFolders, url, tenant);
    return folder == nullptr ? std::string() : folder->path;
  };
  EXPECT_EQ(found("file:///srv/toil/store", "hku"), "/srv/toil");
  EXPECT_EQ(found("/srv//toil/", "szu"), "/srv/toil");
  EXPECT_EQ(found("file://localhost/srv/other/a%20b", "szu"), "/srv/other");
  EXPECT_EQ(found("file:///srv/other/x", "hku"), "");
  EXPECT_EQ(found("file:///srv/toil/store", "cuhk"), "");
  for (const char* url :
       {"file:///srv/toilet", "file:///srv/toil/../other", "file:///srv/toil/%2e%2e/other", "file:///srv",
        "file://host/srv/toil", "https://srv/toil", "file:///srv/toil/a%00b", "srv/toil", ""})
    EXPECT_EQ(found(url, "szu"), "") << url;
}

TEST(SharedFolders, AreMountedWholeWhereWhatIsNamedIsThenFound) {
  const SharedFolder& folder = kFolders.front();
  EXPECT_EQ(mount_place(folder, "file:///srv/toil/a/store", "/srv/toil/a/store"), "/srv/toil");
  EXPECT_EQ(mount_place(folder, "file:///srv/toil/a/store/", "/data/a/store"), "/data");
  EXPECT_EQ(mount_place(folder, "file:///srv/toil", "/data"), "/data");
  EXPECT_FALSE(mount_place(folder, "file:///srv/toil/store", "/data"));
  EXPECT_FALSE(mount_place(folder, "file:///srv/toil/store", "/store")) << "it would be the root";
  EXPECT_FALSE(mount_place(folder, "file:///srv/toil/store", "/x/../store"));
  EXPECT_FALSE(mount_place(folder, "file:///srv/other", "/srv/other"));
}

}  // namespace
}  // namespace hetao::io
