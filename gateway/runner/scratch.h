// The scratch space of one run: makes the folders and copies that a sandbox needs before it starts, and finds
// things again by the paths that the job knows them by, as the sandbox would have found them: through its
// mounts and symbolic links, and never outside. For use while nothing of the job runs. Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/platforms/local/sandbox.h"
#include "gateway/platforms/platform.h"
#include "gateway/runner/files.h"

namespace hetao::runner {

// A thing found inside.
struct Found {
  Fd fd;             // O_PATH
  std::string path;  // in the sandbox, without links
  bool own = false;  // lies in the run's own scratch root
  bool mounted_read_only = false;
};

class Scratch {
 public:
  // Puts everything in place below `folder` (the run's, absolute `path`): scratch/root and inputs/N.
  // Outlived by `config` and `spec`.
  static Result<Scratch> prepare(int folder, const std::string& path, const platforms::SandboxConfig& config,
                                 const platforms::RunSpec& spec, std::string init);

  // The same place again, as prepare() left it and the job changed it: for find().
  static Result<Scratch> reopen(int folder, const std::string& path, const platforms::SandboxConfig& config,
                                const platforms::RunSpec& spec, std::string init);

  // What to mount for one executor, with the places for it made. Refuses if the job put a link or file where
  // a mount goes: mounting there could reach outside.
  Result<std::vector<platforms::Bind>> binds_for(platforms::Engine engine) const;

  const platforms::SandboxFolder& places() const { return places_; }
  int root() const { return root_.get(); }

  // kNotFound if nothing is there.
  Result<Found> find(std::string_view path) const;

 private:
  Scratch() = default;
  static Result<Scratch> open(int folder, const std::string& path, const platforms::SandboxConfig& config,
                              const platforms::RunSpec& spec, std::string init);
  void plan_for_find();
  void locate_inputs(const std::string& path);
  Result<void> fill_root() const;
  Result<void> fill_inputs(int folder);
  Result<void> make_place(const platforms::Bind& bind) const;
  const platforms::Bind* bind_of(std::string_view path) const;
  Result<Fd> open_plain(const platforms::Bind* bind, std::string_view path) const;

  const platforms::SandboxConfig* config_ = nullptr;
  const platforms::RunSpec* spec_ = nullptr;
  platforms::SandboxFolder places_;
  std::vector<Fd> trees_;               // opened inputs/N, one for each mount; empty: another kind of mount
  std::vector<platforms::Bind> binds_;  // for find()
  Fd root_;
};

}  // namespace hetao::runner
