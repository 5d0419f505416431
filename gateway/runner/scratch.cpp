#include "gateway/runner/scratch.h"

#include <fcntl.h>
#include <glob.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>

#include "gateway/base/path.h"
#include "gateway/base/text.h"
#include "gateway/platforms/container_path.h"

namespace hetao::runner {

namespace {

using platforms::Bind;
using platforms::Engine;
using platforms::Mount;
using platforms::MountMode;

constexpr int kLinksMax = 40;  // as the kernel's own walk

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSettings = {{
    {"/etc/passwd",
     "root:x:0:0:root:/root:/usr/sbin/nologin\njob:x:1000:1000:job:/home/job:/bin/sh\n"
     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
    {"/etc/group", "root:x:0:\njob:x:1000:\nnogroup:x:65534:\n"},
    {"/etc/hosts", "127.0.0.1 localhost hetao-job\n::1 localhost\n"},
    {"/etc/hostname", "hetao-job\n"},
}};

bool is_folder(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_there(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0;
}

Result<void> write_inside(int root, std::string_view path, std::string_view content) {
  const auto folder = make_folders_inside(root, path.substr(0, path.rfind('/')));
  if (!folder) return fail(folder.error());
  const std::string name(path.substr(path.rfind('/') + 1));
  const Fd file(::openat(folder->get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file || ::write(file.get(), content.data(), content.size()) != ssize_t(content.size())) {
    return fail(os_error(std::string(path), "can't be written", errno));
  }
  return {};
}

// A second name for a stored file, or a copy where the file system can't have one. The mount is read-only, so
// the stored file stays as it is either way.
// Which of them a job may really open, the scheduler's cgroup says.
std::vector<std::string> devices_of(const platforms::RunSpec& spec) {
  std::vector<std::string> out;
  for (const std::string& pattern : spec.devices) {
    glob_t found{};
    if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
      out.insert(out.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
  }
  return out;
}

Result<void> link_into(int tree, const platforms::MountFile& file) {
  const std::string path = "/" + file.name;
  const size_t slash = path.rfind('/');
  const auto folder = make_folders_inside(tree, slash == 0 ? "/" : path.substr(0, slash));
  if (!folder) return fail(folder.error());
  const std::string name = path.substr(slash + 1);
  if (::linkat(AT_FDCWD, file.source.c_str(), folder->get(), name.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  if (errno == ENOENT) return fail(os_error(file.source, "can't be read", ENOENT));
  return copy_inside(file.source, tree, path);
}

bool is_tree(const Mount& mount) {
  return mount.directory && mount.mode == MountMode::kReadOnly && mount.source.empty();
}

Result<void> copy_mount(int root, const Mount& mount) {
  if (!mount.source.empty()) return copy_inside(mount.source, root, mount.path);
  if (const auto made = make_folders_inside(root, mount.path); !made) return fail(made.error());
  for (const platforms::MountFile& file : mount.files) {
    if (const auto ok = copy_inside(file.source, root, mount.path + "/" + file.name); !ok) return ok;
  }
  return {};
}

}  // namespace

Result<Scratch> Scratch::open(int folder, const std::string& path, const platforms::SandboxConfig& config,
                              const platforms::RunSpec& spec, std::string init) {
  Scratch out;
  out.config_ = &config;
  out.spec_ = &spec;
  out.places_.init = std::move(init);
  out.places_.root = path + "/scratch/root";
  out.places_.devices = devices_of(spec);
  const auto work = make_folder_at(folder, "scratch");
  if (!work) return fail(work.error());
  auto root = make_folder_at(work->get(), "root");
  if (!root) return fail(root.error());
  out.root_ = std::move(*root);
  out.trees_.resize(spec.mounts.size());
  out.locate_inputs(path);
  return out;
}

Result<Scratch> Scratch::prepare(int folder, const std::string& path, const platforms::SandboxConfig& config,
                                 const platforms::RunSpec& spec, std::string init) {
  auto out = open(folder, path, config, spec, std::move(init));
  if (!out) return out;
  if (::fchmod(out->root_.get(), 0755) != 0)
    return fail(os_error("scratch/root", "can't be opened up", errno));
  if (const auto ok = out->fill_root(); !ok) return fail(ok.error());
  if (const auto ok = out->fill_inputs(folder); !ok) return fail(ok.error());
  out->plan_for_find();
  return out;
}

Result<Scratch> Scratch::reopen(int folder, const std::string& path, const platforms::SandboxConfig& config,
                                const platforms::RunSpec& spec, std::string init) {
  auto out = open(folder, path, config, spec, std::move(init));
  if (out) out->plan_for_find();
  return out;
}

void Scratch::plan_for_find() {
  // An image's own /usr is not the host's: a link there leads nowhere that can be read again.
  Engine engine = Engine::kHostRoot;
  for (const auto& executor : spec_->executors) {
    const auto chosen = platforms::choose_engine(*config_, executor.image);
    if (chosen && *chosen != Engine::kHostRoot) engine = *chosen;
  }
  binds_ = platforms::plan_binds(*config_, *spec_, places_, engine);
  std::erase_if(binds_, [](const Bind& bind) { return bind.optional && !is_there(bind.source); });
}

// Where each mount's source is, or will be.
void Scratch::locate_inputs(const std::string& path) {
  places_.mount_sources.resize(spec_->mounts.size());
  for (size_t i = 0; i < spec_->mounts.size(); ++i) {
    const Mount& mount = spec_->mounts[i];
    if (mount.mode == MountMode::kCopy) continue;
    places_.mount_sources[i] = is_tree(mount) ? path + "/inputs/" + std::to_string(i) : mount.source;
  }
}

Result<void> Scratch::fill_root() const {
  for (const auto& [path, content] : kSettings) {
    if (const auto ok = write_inside(root_.get(), path, content); !ok) return ok;
  }
  for (const std::string& path : platforms::scratch_folders(*spec_)) {
    const auto made = make_folders_inside(root_.get(), path);
    if (!made) return fail(made.error());
    if (path.ends_with("tmp")) ::fchmod(made->get(), 01777);
  }
  return {};
}

Result<void> Scratch::fill_inputs(int folder) {
  const auto inputs = make_folder_at(folder, "inputs");
  if (!inputs) return fail(inputs.error());
  // Outer ones first: a copy makes its folder, and an inner copy then goes into it.
  std::vector<size_t> order(spec_->mounts.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return spec_->mounts[a].path < spec_->mounts[b].path; });
  for (const size_t i : order) {
    const Mount& mount = spec_->mounts[i];
    if (mount.mode == MountMode::kCopy) {
      if (const auto ok = copy_mount(root_.get(), mount); !ok) return ok;
      continue;
    }
    if (!is_tree(mount)) {
      if (!is_there(mount.source)) return fail(os_error(mount.source, "input is not there", ENOENT));
      if (is_folder(mount.source) != mount.directory) {
        return fail(ErrorCode::kFailed, "input " + mount.path,
                    mount.directory ? "its source is not a folder" : "its source is not a file");
      }
      continue;
    }
    const std::string name = std::to_string(i);
    auto tree = make_folder_at(inputs->get(), name);
    if (!tree) return fail(tree.error());
    for (const platforms::MountFile& file : mount.files) {
      if (const auto ok = link_into(tree->get(), file); !ok) return ok;
    }
    trees_[i] = std::move(*tree);
  }
  return {};
}

Result<void> Scratch::make_place(const Bind& bind) const {
  // Inside a tree that is mounted itself, the place has to be in the tree; the host's folders have theirs.
  int root = root_.get();
  std::string path = bind.path;
  size_t outer_bytes = 0;
  for (size_t i = 0; i < spec_->mounts.size(); ++i) {
    const Mount& mount = spec_->mounts[i];
    if (!trees_[i] || mount.path == bind.path || !is_within(bind.path, mount.path)) continue;
    if (mount.path.size() <= outer_bytes) continue;
    outer_bytes = mount.path.size();
    root = trees_[i].get();
    path = bind.path.substr(outer_bytes);
  }
  if (is_folder(bind.source)) {
    const auto made = make_folders_inside(root, path);
    return made ? Result<void>() : fail(made.error());
  }
  return make_file_inside(root, path);
}

Result<std::vector<Bind>> Scratch::binds_for(Engine engine) const {
  auto binds = platforms::plan_binds(*config_, *spec_, places_, engine);
  std::erase_if(binds, [](const Bind& bind) { return bind.optional && !is_there(bind.source); });
  for (const Bind& bind : binds) {
    const bool inside_host_folder = std::any_of(binds.begin(), binds.end(), [&](const Bind& outer) {
      return outer.optional && outer.path != bind.path && is_within(bind.path, outer.path);
    });
    if (inside_host_folder) continue;
    // A container is shown parts of the scratch root: they have to be there, as folders but for copied files.
    const bool shown = engine != Engine::kHostRoot && bind.writable;
    const bool copied_file = shown && !is_folder(bind.source) && is_there(bind.source);
    if (shown && !copied_file && bind.source.starts_with(places_.root)) {
      if (const auto made = make_folders_inside(root_.get(), bind.path); !made) return fail(made.error());
      continue;
    }
    if (const auto ok = make_place(bind); !ok) return fail(ok.error());
  }
  return binds;
}

const Bind* Scratch::bind_of(std::string_view path) const {
  const Bind* best = nullptr;
  for (const Bind& bind : binds_) {
    if (!is_within(path, bind.path) || bind.source.starts_with(places_.root + "/")) continue;
    if (best == nullptr || bind.path.size() > best->path.size()) best = &bind;
  }
  return best;
}

// Opens a path none of whose parts but the last may be a link.
Result<Fd> Scratch::open_plain(const Bind* bind, std::string_view path) const {
  const std::string_view rest = bind == nullptr ? path : path.substr(bind->path.size());
  if (bind != nullptr && rest.empty()) {
    Fd whole(::open(bind->source.c_str(), O_PATH | O_CLOEXEC));
    if (!whole) return fail(os_error(std::string(path), "can't be opened", errno));
    return whole;
  }
  Fd base;
  if (bind != nullptr) base.reset(::open(bind->source.c_str(), O_PATH | O_CLOEXEC | O_DIRECTORY));
  const std::string relative = "." + std::string(rest == "/" ? "" : rest);
  struct open_how how{};
  how.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const int from = bind == nullptr ? root_.get() : base.get();
  Fd fd(static_cast<int>(::syscall(SYS_openat2, from, relative.c_str(), &how, sizeof how)));
  if (!fd) return fail(os_error(std::string(path), "can't be opened", errno));
  return fd;
}

Result<Found> Scratch::find(std::string_view path) const {
  const auto parts = platforms::path_components(path);
  std::deque<std::string> todo(parts.begin(), parts.end());
  std::string here;  // without links; empty: "/"
  int links = 0;
  for (;;) {
    std::string next = here;
    if (!todo.empty()) {
      const std::string part = std::move(todo.front());
      todo.pop_front();
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        here.resize(here.empty() ? 0 : here.rfind('/'));
        continue;
      }
      next += "/" + part;
    }
    const Bind* bind = bind_of(next);
    auto fd = open_plain(bind, next.empty() ? "/" : next);
    if (!fd) return fail(fd.error());
    struct stat info{};
    if (::fstat(fd->get(), &info) != 0) return fail(os_error(next, "can't be read", errno));
    if (!S_ISLNK(info.st_mode)) {
      here = std::move(next);
      if (!todo.empty()) continue;
      return Found{std::move(*fd), here.empty() ? "/" : here, bind == nullptr,
                   bind != nullptr && !bind->writable};
    }
    std::array<char, 4'096> target{};
    const ssize_t n = ::readlinkat(fd->get(), "", target.data(), target.size());
    if (n <= 0 || ++links > kLinksMax) return fail(ErrorCode::kFailed, next, "is a link that leads nowhere");
    const std::string_view to(target.data(), static_cast<size_t>(n));
    const auto more = split(to, '/');
    todo.insert(todo.begin(), more.begin(), more.end());
    if (to.starts_with('/')) here.clear();
  }
}

}  // namespace hetao::runner
