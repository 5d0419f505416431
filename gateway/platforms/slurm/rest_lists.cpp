// The list of all jobs, which no filter makes shorter: cut into its jobs by looking at quotes and braces
// alone, and only those that speak of us are parsed.
#include "gateway/base/text.h"
#include "gateway/platforms/json_value.h"
#include "gateway/platforms/slurm/rest.h"

namespace hetao::platforms::slurm {

namespace {

constexpr size_t kJobBytesMax = size_t{1} << 20U;

// Walks JSON text and tells each object of the array `jobs` of the outermost object.
class JobCutter {
 public:
  explicit JobCutter(std::string_view body) : body_(body) {}

  // The next job's text; nothing more: an empty view. `whole()` then tells whether the end was the end.
  std::string_view next() {
    while (at_ < body_.size()) {
      const char c = body_[at_];
      if (c == '"') {
        if (!skip_string()) return {};
        continue;
      }
      ++at_;
      // Behind the end of a list nothing follows.
      if (ended_ && c != ' ' && c != '\n' && c != '\r' && c != '\t') odd_ = true;
      if (c == '{' || c == '[') {
        ++depth_;
        if (c == '[' && depth_ == 2 && key_ == "jobs") in_jobs_ = had_jobs_ = true;
        if (c == '{' && in_jobs_ && depth_ == 3) start_ = at_ - 1;
      } else if (c == '}' || c == ']') {
        if (depth_ == 0) return {};
        --depth_;
        if (c == ']' && depth_ == 1) in_jobs_ = false;
        if (c == '}' && in_jobs_ && depth_ == 2) return body_.substr(start_, at_ - start_);
        if (depth_ == 0) ended_ = true;
      }
    }
    return {};
  }

  bool whole() const { return had_jobs_ && ended_ && !odd_; }

 private:
  bool skip_string() {
    const size_t first = ++at_;
    while (true) {
      at_ = body_.find_first_of("\"\\", at_);
      if (at_ == std::string_view::npos) {
        at_ = body_.size();
        return false;
      }
      if (body_[at_] == '"') break;
      at_ += 2;
      if (at_ > body_.size()) at_ = body_.size();
    }
    if (depth_ == 1) key_ = body_.substr(first, at_ - first);
    ++at_;
    return true;
  }

  std::string_view body_;
  size_t at_ = 0;
  size_t start_ = 0;
  size_t depth_ = 0;
  bool in_jobs_ = false;
  bool had_jobs_ = false;
  bool ended_ = false;
  bool odd_ = false;
  std::string_view key_;  // the last string of the outermost object: a key, where an array follows it
};

}  // namespace

Result<std::vector<JobRecord>> read_jobs(const HttpReply& reply, std::string_view comment_prefix) {
  if (reply.status == 0)
    return fail(ErrorCode::kUnreachable, "slurmrestd",
                "gave no list of jobs: " + readable(reply.trouble, 256));
  if (reply.status != 200) {
    return fail(ErrorCode::kFailed, "slurmrestd",
                "gave no list of jobs, but " + std::to_string(reply.status) + ": " +
                    readable(std::string_view(reply.body).substr(0, 256), 256));
  }
  std::vector<JobRecord> out;
  JobCutter cutter(reply.body);
  for (std::string_view part = cutter.next(); !part.empty(); part = cutter.next()) {
    if (part.find(comment_prefix) == std::string_view::npos) continue;
    const auto value = parse_json(part, "job", kJobBytesMax);
    if (!value || !value->is_object())
      return fail(ErrorCode::kFailed, "slurmrestd", "its list of jobs holds one that can't be read");
    JobRecord job = job_of(value->get_object());
    if (job.comment.starts_with(comment_prefix)) out.push_back(std::move(job));
  }
  // Half a list, or something else in its place, would make jobs look absent.
  if (!cutter.whole())
    return fail(ErrorCode::kFailed, "slurmrestd", "its list of jobs was cut short, or is none");
  return out;
}

}  // namespace hetao::platforms::slurm
