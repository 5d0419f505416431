#include "gateway/io/shared_spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "gateway/io/durable_file.h"
#include "gateway/runner/files.h"

namespace hetao::io {

namespace {

Result<void> copy_for(const std::string& source, const std::string& target, bool same_user) {
  // A second name of the blob where that is possible: no byte is copied, and it is durable already.
  if (same_user && ::link(source.c_str(), target.c_str()) == 0) return {};
  if (errno == EEXIST && ::unlink(target.c_str()) != 0) return fail_errno(target, "can't be replaced");
  const auto from = open_file(source, O_RDONLY);
  if (!from) return fail(from.error());
  const auto to = open_file(target, O_WRONLY | O_CREAT | O_EXCL, 0444);
  if (!to) return fail(to.error());
  if (auto copied = runner::copy_file(from->get(), to->get()); !copied) return copied;
  if (::fchmod(to->get(), 0444) != 0 || ::fsync(to->get()) != 0) return fail_errno(target, "can't be synced");
  return {};
}

}  // namespace

Result<std::string> spool_mark(const std::string& region, const std::string& spool) {
  const std::string path = spool + "/.spool";
  auto text = read_text(path, 64);
  if (!text && text.error().code != ErrorCode::kNotFound) return fail(text.error());
  if (!text) {
    std::array<uint8_t, 4> random{};
    const auto source = open_file("/dev/urandom", O_RDONLY);
    if (!source || ::read(source->get(), random.data(), random.size()) != ssize_t(random.size()))
      return fail_errno("/dev/urandom", "can't be read");
    text = to_hex(random);
    if (auto written = write_durably(path, as_bytes(*text)); !written) return fail(written.error());
  }
  return region + "." + *text;
}

Result<void> stage_inputs(const std::string& folder, platforms::RunSpec& spec, bool same_user) {
  if (spec.mounts.empty()) return {};
  const std::string staged = folder + "/staged";
  const bool made = ::mkdir(staged.c_str(), 0755) == 0 || errno == EEXIST;
  if (!made || ::chmod(staged.c_str(), 0755) != 0) return fail_errno(staged, "can't be made");
  size_t number = 0;
  const auto take = [&](std::string& source) -> Result<void> {
    const std::string target = staged + "/" + std::to_string(number++);
    if (auto copied = copy_for(source, target, same_user); !copied) return copied;
    source = target;
    return {};
  };
  for (platforms::Mount& mount : spec.mounts) {
    // What jobs share stays where it is, under the same path on every node.
    if (!mount.source.empty() && mount.mode != platforms::MountMode::kReadWrite) {
      if (auto taken = take(mount.source); !taken) return taken;
    }
    for (platforms::MountFile& file : mount.files) {
      if (auto taken = take(file.source); !taken) return taken;
    }
  }
  return sync_folder(staged);
}

}  // namespace hetao::io
