// Rules about jobs: what was accepted is kept, moves along the table, starts once and comes to an end.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "gateway/federation/table.h"
#include "gateway/history/rules.h"

namespace hetao::history {

namespace {

using federation::may_move;
using federation::to_word;

// Entries read "held: why" or "queued for REGION": the state's word comes first.
std::optional<pb::JobState> state_of(const ledger::Entry& entry) {
  const std::string_view reason = entry.reason;
  const std::string_view word = reason.substr(0, reason.find_first_of(": "));
  for (int number = 1; pb::JobState_IsValid(number); ++number) {
    const auto state = static_cast<pb::JobState>(number);
    if (word == federation::to_word(state)) return state;
  }
  return std::nullopt;
}

// `deciding` is not booked as a state: what it decides is.
bool follows(pb::JobState from, pb::JobState to) {
  return may_move(from, to) || (may_move(from, pb::JOB_DECIDING) && may_move(pb::JOB_DECIDING, to));
}

struct Life {
  std::string_view region;
  pb::JobState last = pb::JOB_STATE_UNSPECIFIED;
};

// The newest state of every job that a book tells of from its beginning.
std::map<std::string, Life> lives(const History& history, const char* name, Findings* out) {
  std::map<std::string, Life> all;
  for (const Book& book : history.books) {
    for (const ledger::Entry& entry : book.entries) {
      if (entry.kind != "job-state") continue;
      const auto state = state_of(entry);
      if (!state) {
        if (out != nullptr) out->push_back({name, entry.job + ": \"" + entry.reason + "\" names no state"});
        continue;
      }
      const auto [at, fresh] = all.try_emplace(entry.job, Life{book.region, *state});
      const bool legal = fresh ? *state == pb::JOB_QUEUED || book.entries.front().sequence != 0
                               : follows(at->second.last, *state);
      if (!legal && out != nullptr) {
        out->push_back({name, entry.job + " moves from " + (fresh ? "nothing" : to_word(at->second.last)) +
                                  " to " + to_word(*state) + " (entry " + std::to_string(entry.sequence) +
                                  " of " + book.region + ")"});
      }
      at->second.last = *state;
    }
  }
  return all;
}

std::string job_of(const std::string& run) {
  return run.substr(0, run.rfind('.'));
}

}  // namespace

void states_follow_the_table(const History& history, const char* name, Findings& out) {
  lives(history, name, &out);
}

void one_start_an_attempt(const History& history, const char* name, Findings& out) {
  std::map<std::string, int> starts;
  for (const Start& start : history.starts) ++starts[start.run];
  for (const auto& [run, count] : starts) {
    if (count > 1) out.push_back({name, run + " ran " + std::to_string(count) + " times"});
  }
}

void one_start_a_job(const History& history, const char* name, Findings& out) {
  std::map<std::string, std::set<std::string>> runs;
  for (const Start& start : history.starts) runs[job_of(start.run)].insert(start.run);
  for (const auto& [job, started] : runs) {
    const bool may_repeat =
        std::find(history.repeatable.begin(), history.repeatable.end(), job) != history.repeatable.end();
    if (started.size() > 1 && !may_repeat) {
      out.push_back({name, job + " was started in " + std::to_string(started.size()) + " attempts"});
    }
  }
}

void acknowledged_is_kept(const History& history, const char* name, Findings& out) {
  if (history.acknowledged.empty()) return;
  const auto all = lives(history, name, nullptr);
  for (const Acknowledged& told : history.acknowledged) {
    const auto at = all.find(told.job);
    if (at == all.end() || (!told.region.empty() && at->second.region != told.region)) {
      out.push_back({name, "acknowledged job " + told.job + " is lost"});
    }
  }
}

void every_job_ends(const History& history, const char* name, Findings& out) {
  if (!history.at_rest) return;
  for (const auto& [job, life] : lives(history, name, nullptr)) {
    if (!federation::is_final(life.last)) {
      out.push_back(
          {name, "job " + job + " of " + std::string(life.region) + " hangs in " + to_word(life.last)});
    }
  }
}

void nothing_left_behind(const History& history, const char* name, Findings& out) {
  if (!history.at_rest) return;
  for (const LeftBehind& left : history.left_behind) {
    out.push_back({name, "submission " + left.id + " of " + left.run + " is left behind in " + left.region});
  }
}

}  // namespace hetao::history
