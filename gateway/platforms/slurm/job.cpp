#include "gateway/platforms/slurm/job.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "gateway/base/text.h"

namespace hetao::platforms::slurm {

namespace {

constexpr std::string_view kCommentScheme = "hetao:";

struct Word {
  std::string_view word;
  JobState state;
};

constexpr std::array<Word, 16> kWords = {{
    {"PENDING", JobState::kPending},
    {"RUNNING", JobState::kRunning},
    {"SUSPENDED", JobState::kSuspended},
    {"COMPLETING", JobState::kCompleting},
    {"COMPLETED", JobState::kCompleted},
    {"FAILED", JobState::kFailed},
    {"CANCELLED", JobState::kCancelled},
    {"TIMEOUT", JobState::kTimeout},
    {"NODE_FAIL", JobState::kNodeFail},
    {"PREEMPTED", JobState::kPreempted},
    {"OUT_OF_MEMORY", JobState::kOutOfMemory},
    {"DEADLINE", JobState::kDeadline},
    {"BOOT_FAIL", JobState::kBootFail},
    {"CONFIGURING", JobState::kRunning},
    {"REQUEUED", JobState::kPending},
    {"REQUEUE_HOLD", JobState::kPending},
}};

// Single quotes, as sh reads them.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

int64_t number_of(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

std::string on_nodes(const JobRecord& job) {
  return job.node_list.empty() ? "" : " on " + readable(job.node_list, 64);
}

}  // namespace

std::string comment_of(std::string_view region, std::string_view key) {
  return std::string(kCommentScheme) + std::string(region) + ":" + std::string(key);
}

std::string key_of(std::string_view comment, std::string_view region) {
  const std::string prefix = comment_of(region, "");
  if (!comment.starts_with(prefix)) return {};
  const std::string key(comment.substr(prefix.size()));
  return check_key(key) ? key : std::string();
}

std::string name_of(std::string_view key) {
  return "hetao-" + std::string(key);
}

std::string script_of(std::string_view runner, std::string_view folder) {
  return "#!/bin/sh\nexec " + quoted(runner) + " --foreground --spool " + quoted(folder) + "\n";
}

JobState state_of_word(std::string_view word) {
  // "CANCELLED by 1000", "RUNNING+": what follows says who or how.
  const std::string_view first = word.substr(0, word.find_first_of(" +"));
  const auto* known =
      std::find_if(kWords.begin(), kWords.end(), [&](const Word& w) { return w.word == first; });
  return known == kWords.end() ? JobState::kOther : known->state;
}

bool is_over(JobState state) {
  switch (state) {
    case JobState::kPending:
    case JobState::kRunning:
    case JobState::kSuspended:
    case JobState::kCompleting:
    case JobState::kOther:
      return false;
    case JobState::kCompleted:
    case JobState::kFailed:
    case JobState::kCancelled:
    case JobState::kTimeout:
    case JobState::kNodeFail:
    case JobState::kPreempted:
    case JobState::kOutOfMemory:
    case JobState::kDeadline:
    case JobState::kBootFail:
      return true;
  }
  return false;
}

JobEnd end_of(const JobRecord& job) {
  JobEnd end;
  end.signal = static_cast<int32_t>(job.wait_status & 0x7f);
  end.exit_code = static_cast<int32_t>((job.wait_status >> 8) & 0xff);
  if (end.signal != 0) end.exit_code = 128 + end.signal;
  const std::string id = "Slurm job " + std::to_string(job.id);
  switch (job.state) {
    case JobState::kTimeout:
    case JobState::kDeadline:
      end.reason = EndReason::kTimeout;
      end.failure = "its time was over: " + id + " ran into its time limit" + on_nodes(job);
      break;
    case JobState::kOutOfMemory:
      end.reason = EndReason::kMemory;
      end.failure = id + " used more memory than it asked for" + on_nodes(job);
      break;
    case JobState::kNodeFail:
    case JobState::kBootFail:
      end.system_failure = true;
      end.failure = "a node failed under it: " + id + on_nodes(job) + " (submit it again)";
      break;
    case JobState::kPreempted:
      end.system_failure = true;
      end.failure = id + " was preempted by another job (submit it again)";
      break;
    case JobState::kCancelled:
      end.cancelled = true;
      end.reason = EndReason::kCancelled;
      end.failure = id + " was cancelled by somebody on the cluster";
      break;
    case JobState::kCompleted:
      end.system_failure = true;
      end.failure = job.restarts > 0
                        ? id + " was requeued after it had started: a run starts once (submit it again)"
                        : id + " ended without a last word of its wrapper";
      break;
    default:
      end.system_failure = true;
      if (end.signal != 0) {
        end.reason = EndReason::kSignalled;
        end.failure = id + ": its wrapper was ended by signal " + std::to_string(end.signal) + on_nodes(job);
      } else {
        end.failure = id + " ended as " + readable(job.state_word, 32) + ", " +
                      (job.reason.empty() || job.reason == "None" ? "" : readable(job.reason, 64) + ", ") +
                      "exit code " + std::to_string(end.exit_code) + on_nodes(job);
      }
      break;
  }
  return end;
}

std::vector<Gres> parse_gres(std::string_view text) {
  std::vector<Gres> out;
  // "(S:0-1)" and "(IDX:0,2)" hold commas of their own.
  std::string plain;
  int depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (depth == 0) plain += c;
    if (c == ')' && depth > 0) --depth;
  }
  for (const std::string& one : split(plain, ',')) {
    std::vector<std::string> parts = split(one, ':');
    if (!parts.empty() && (parts[0] == "gres" || parts[0].empty())) parts.erase(parts.begin());
    if (parts.empty() || parts[0].empty()) continue;
    Gres gres{parts[0], parts.size() > 2 ? parts[1] : "", 1};
    if (parts.size() > 1) {
      const int64_t count = number_of(parts.back());
      if (count >= 0) {
        gres.count = count;
      } else if (parts.size() == 2) {
        gres.type = parts[1];
      } else {
        continue;
      }
    }
    out.push_back(std::move(gres));
  }
  return out;
}

int64_t parse_memory(std::string_view text) {
  constexpr int64_t kMiB = int64_t{1} << 20U;
  int64_t unit = kMiB;
  if (!text.empty() && (text.back() < '0' || text.back() > '9')) {
    switch (text.back()) {
      case 'K':
        unit = 1'024;
        break;
      case 'M':
        break;
      case 'G':
        unit = kMiB << 10U;
        break;
      case 'T':
        unit = kMiB << 20U;
        break;
      default:
        return 0;
    }
    text.remove_suffix(1);
  }
  const std::string whole(text.substr(0, text.find('.')));
  const int64_t value = number_of(whole);
  return value < 0 || value > (int64_t{1} << 22U) * (kMiB << 20U) / unit ? 0 : value * unit;
}

std::string tres_value(std::string_view tres, std::string_view name) {
  for (const std::string& one : split(tres, ',')) {
    const size_t equals = one.find('=');
    if (equals != std::string::npos && std::string_view(one).substr(0, equals) == name)
      return one.substr(equals + 1);
  }
  return {};
}

}  // namespace hetao::platforms::slurm
