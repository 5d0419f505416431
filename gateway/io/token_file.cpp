#include "gateway/io/token_file.h"

#include <chrono>

#include "gateway/base/limits.h"
#include "gateway/io/durable_file.h"
#include "gateway/platforms/token.h"

namespace hetao::io {

namespace {

constexpr std::string_view kSlurmPrefix = "SLURM_JWT=";

Instant wall_clock() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

}  // namespace

Result<std::string> TokenFile::read() {
  struct stat facts{};
  if (::stat(path_.c_str(), &facts) != 0) return fail_errno(path_, "can't be read");
  const bool changed = facts.st_mtim.tv_sec != seen_.tv_sec || facts.st_mtim.tv_nsec != seen_.tv_nsec;
  if (changed || text_.empty()) {
    auto text = read_text(path_, limits::kJwtBytesMax);
    if (!text) return fail(text.error());
    if (auto taken = take(std::move(*text)); !taken) return fail(taken.error());
    seen_ = facts.st_mtim;
  }
  if (ends_.micros != 0 && wall_clock() >= ends_)
    return fail(ErrorCode::kNotAllowed, path_, "the token in it ended at " + to_rfc3339(ends_),
                kind_ == Kind::kSlurm ? "put a fresh one there: scontrol token"
                                      : "put a fresh one there: kubectl create token");
  return text_;
}

Result<void> TokenFile::take(std::string text) {
  if (kind_ == Kind::kSlurm && text.starts_with(kSlurmPrefix)) text.erase(0, kSlurmPrefix.size());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  const auto ends = platforms::token_expiry(text);
  if (!ends && kind_ == Kind::kSlurm)
    return fail(ErrorCode::kUsage, path_, "holds no Slurm token", "make one with `scontrol token`");
  // It goes into a header.
  const bool plain =
      !text.empty() &&
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") ==
          std::string::npos;
  if (!plain)
    return fail(ErrorCode::kUsage, path_, "holds no token", "one line, as kubectl create token prints it");
  text_ = std::move(text);
  ends_ = ends.value_or(Instant{});
  return {};
}

}  // namespace hetao::io
