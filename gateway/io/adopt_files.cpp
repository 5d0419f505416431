#include "gateway/io/adopt_files.h"

#include <filesystem>

#include "gateway/base/limits.h"
#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

constexpr size_t kFileBytesMax = size_t{64} << 20U;  // policies as text, and cursors

}  // namespace

Result<void> adopt_files(const std::string& from, const std::string& to) {
  if (from == to || !std::filesystem::exists(from)) return {};
  if (auto made = make_folders(to); !made) return made;
  std::error_code error;
  for (const auto& item : std::filesystem::directory_iterator(from, error)) {
    const std::string target = to + "/" + item.path().filename().string();
    if (!item.is_regular_file() || std::filesystem::exists(target)) continue;
    const auto bytes = read_file(item.path().string(), kFileBytesMax);
    if (!bytes) return fail(bytes.error());
    if (auto written = write_durably(target, *bytes, 0644); !written) return written;
  }
  if (error) return fail(ErrorCode::kFailed, from, "can't be read: " + error.message());
  return remove_adopted(from);
}

Result<void> remove_adopted(const std::string& place) {
  std::error_code error;
  std::filesystem::remove_all(place, error);
  return error ? fail(ErrorCode::kFailed, place, "was taken over and can't be removed: " + error.message(),
                      "remove it, or let the gateway's user write there")
               : Result<void>();
}

}  // namespace hetao::io
