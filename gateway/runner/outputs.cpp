#include "gateway/runner/outputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/platforms/container_path.h"

namespace hetao::runner {

namespace {

using platforms::OutputResult;
using platforms::OutputSpec;
using platforms::OutputType;

std::string proc_path(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

// Names of a folder that was found; the job may have taken its owner's rights away.
Result<std::vector<std::string>> names_of(const Found& folder, const struct stat& info) {
  if (folder.own && (info.st_mode & 0500U) != 0500U) {
    ::chmod(proc_path(folder.fd.get()).c_str(), (info.st_mode & 07777U) | 0700U);
  }
  const Fd readable(::open(proc_path(folder.fd.get()).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable) return fail(os_error(folder.path, "can't be read", errno));
  return names_in(readable.get());
}

class Collector {
 public:
  Collector(int out, const Scratch& scratch) : out_(out), scratch_(scratch) {}

  Result<OutputResult> collect(const OutputSpec& output, size_t index) {
    index_ = index;
    files_.clear();
    notes_.clear();
    Result<void> walked;
    if (platforms::has_wildcard(output.path)) {
      walked = match(platforms::literal_folder(output.path), output, 0);
    } else {
      walked = take_named(output.path, output.type);
    }
    if (!walked) return fail(walked.error());
    OutputResult result;
    for (auto& [path, file] : files_) result.files.push_back(std::move(file));
    if (result.files.empty() && notes_.empty()) notes_.push_back("nothing is there");
    result.note = join(notes_, "; ");
    return result;
  }

 private:
  void note(std::string_view text) {
    constexpr size_t kNotesMax = 8;  // the first ones tell what is wrong
    if (notes_.size() < kNotesMax) notes_.push_back(readable(text, 400));
    if (notes_.size() == kNotesMax) notes_.back() = "and more";
  }

  Result<void> take_named(const std::string& path, OutputType type) {
    const auto found = scratch_.find(path);
    if (!found) {
      if (found.error().code != ErrorCode::kNotFound) note(path + ": " + found.error().why);
      return {};
    }
    struct stat info{};
    if (::fstat(found->fd.get(), &info) != 0) return fail(os_error(path, "can't be read", errno));
    if (S_ISDIR(info.st_mode)) {
      if (type == OutputType::kFile) return note(path + " is a folder, not a file"), Result<void>();
      return take_folder(path, *found, info, 0);
    }
    if (type == OutputType::kDirectory) return note(path + " is a file, not a folder"), Result<void>();
    return take_file(path, *found, info);
  }

  // Everything below, under the names that the job knows. Links to folders are not followed: they could go
  // round.
  Result<void> take_folder(const std::string& path, const Found& folder, const struct stat& info,
                           size_t depth) {
    if (depth > limits::kRunFolderDepthMax) return note(path + " is nested too deeply"), Result<void>();
    const auto names = names_of(folder, info);
    if (!names) return note(path + ": " + names.error().why), Result<void>();
    for (const std::string& name : *names) {
      const std::string inner = path + "/" + name;
      if (!is_utf8(name)) {
        note(inner + ": its name is not UTF-8");
        continue;
      }
      const auto found = scratch_.find(inner);
      struct stat entry{};
      if (!found || ::fstat(found->fd.get(), &entry) != 0) {
        note(inner + ": can't be read");
        continue;
      }
      // The inputs are the owner's, not the job's results: what lies there was not made here.
      if (found->mounted_read_only && !folder.mounted_read_only) {
        note(inner + " is an input");
        continue;
      }
      if (!S_ISDIR(entry.st_mode)) {
        if (const auto ok = take_file(inner, *found, entry); !ok) return ok;
      } else if (found->path != folder.path + "/" + name) {
        note(inner + " is a link to a folder");
      } else if (const auto ok = take_folder(inner, *found, entry, depth + 1); !ok) {
        return ok;
      }
    }
    return {};
  }

  // Goes down from `folder`, which matched so far, along the pattern's parts.
  Result<void> match(const std::string& folder, const OutputSpec& output, size_t depth) {
    const auto pattern = platforms::path_components(output.path);
    const auto here = platforms::path_components(folder);
    if (depth > limits::kRunFolderDepthMax || here.size() >= pattern.size()) return {};
    const auto found = scratch_.find(folder);
    struct stat info{};
    if (!found || ::fstat(found->fd.get(), &info) != 0 || !S_ISDIR(info.st_mode)) return {};
    const auto names = names_of(*found, info);
    if (!names) return note(folder + ": " + names.error().why), Result<void>();
    for (const std::string& name : *names) {
      if (!is_utf8(name) || !platforms::wildcard_match_name(pattern[here.size()], name)) continue;
      const std::string path = (folder == "/" ? "" : folder) + "/" + name;
      const bool last = here.size() + 1 == pattern.size();
      const auto ok = last ? take_matched(path, output.type) : match(path, output, depth + 1);
      if (!ok) return ok;
    }
    return {};
  }

  // A pattern for files passes over folders that it matches, and the other way round.
  Result<void> take_matched(const std::string& path, OutputType type) {
    const auto found = scratch_.find(path);
    struct stat info{};
    if (!found || ::fstat(found->fd.get(), &info) != 0) return note(path + ": can't be read"), Result<void>();
    if (S_ISDIR(info.st_mode)) {
      return type == OutputType::kFile ? Result<void>() : take_folder(path, *found, info, 0);
    }
    return type == OutputType::kDirectory ? Result<void>() : take_file(path, *found, info);
  }

  Result<void> take_file(const std::string& path, const Found& found, const struct stat& info) {
    if (!S_ISREG(info.st_mode)) return note(path + " is no file or folder"), Result<void>();
    if (path.size() > limits::kContainerPathBytesMax)
      return note(path + ": its path is too long"), Result<void>();
    if (files_.contains(path)) return {};
    if (++count_ > limits::kRunOutputFilesMax) {
      return fail(ErrorCode::kFailed, "outputs", "are more than 50,000 files", "pack them into an archive");
    }
    const std::string name = std::to_string(index_) + "." + std::to_string(files_.size());
    auto stored = found.own ? link(found, info, name) : copy(found, name);
    if (!stored) return stored;  // an output that is there and can't be kept must not look like a missing one
    files_[path] = {path, int64_t{info.st_size}, "out/" + name};
    return {};
  }

  Result<void> link(const Found& found, const struct stat& info, const std::string& name) const {
    const std::string itself = proc_path(found.fd.get());
    if ((info.st_mode & 07777U) != 0600U && ::chmod(itself.c_str(), 0600) != 0) {
      return fail(os_error(found.path, "can't be made readable", errno));
    }
    if (::linkat(AT_FDCWD, itself.c_str(), out_, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
    return copy(found, name);
  }

  Result<void> copy(const Found& found, const std::string& name) const {
    const Fd from(::open(proc_path(found.fd.get()).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!from) return fail(os_error(found.path, "can't be read", errno));
    const Fd to(::openat(out_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!to) return fail(os_error(found.path, "can't be stored", errno));
    return copy_file(from.get(), to.get());
  }

  int out_;
  const Scratch& scratch_;
  size_t index_ = 0;
  size_t count_ = 0;
  std::map<std::string, platforms::OutputFile> files_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<std::vector<OutputResult>> collect_outputs(int folder, const Scratch& scratch,
                                                  const platforms::RunSpec& spec) {
  const auto out = make_folder_at(folder, "out");
  if (!out) return fail(out.error());
  Collector collector(out->get(), scratch);
  std::vector<OutputResult> results;
  for (size_t i = 0; i < spec.outputs.size(); ++i) {
    auto result = collector.collect(spec.outputs[i], i);
    if (!result) return fail(result.error());
    results.push_back(std::move(*result));
  }
  return results;
}

}  // namespace hetao::runner
