// The handbook's page of states is made from the tables: it is what this test makes of them, and nobody edits
// it. HETAO_WRITE_PAGES=1 writes it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "gateway/federation/table.h"

namespace hetao::federation {
namespace {

constexpr const char* kPage = HETAO_SOURCE_DIR "/deploy/handbook/states.md";

// Mermaid takes words without hyphens for names of states.
std::string name_of(std::string word) {
  for (char& c : word) c = c == '-' ? '_' : c;
  return word;
}

template <class State>
void draw(std::ostream& out, std::span<const Move<State>> moves, State first) {
  out << "```mermaid\nstateDiagram-v2\n  [*] --> " << name_of(to_word(first)) << "\n";
  std::set<State> states;
  for (const Move<State>& move : moves) {
    states.insert(move.from);
    states.insert(move.to);
    out << "  " << name_of(to_word(move.from)) << " --> " << name_of(to_word(move.to)) << "\n";
  }
  for (const State state : states) {
    if (is_final(state)) out << "  " << name_of(to_word(state)) << " --> [*]\n";
  }
  out << "```\n\n| from | to | when |\n|---|---|---|\n";
  for (const Move<State>& move : moves)
    out << "| " << to_word(move.from) << " | " << to_word(move.to) << " | " << move.when << " |\n";
  out << "\n";
}

std::string page() {
  std::ostringstream out;
  out << "# States of jobs, runs and crossings\n\n"
         "Made from `gateway/federation/table.cpp` by `tests/unit/federation/states_test.cpp`; a test fails "
         "when it is not current.\n"
         "Every change of state goes through these tables. A job stands at its home; its run where it runs; "
         "a crossing on both sides,\n"
         "each with a state of its own. GA4GH TES shows `cancelling` as CANCELED and `expired` as "
         "SYSTEM_ERROR, so that no client polls\n"
         "for ever.\n\n## A job\n\n";
  draw(out, job_moves(), pb::JOB_QUEUED);
  out << "## A run\n\n";
  draw(out, run_moves(), pb::RUN_WAITING);
  out << "## A crossing\n\n";
  draw(out, crossing_moves(), pb::CROSSING_DECIDING);
  out << "## Why a job or an attempt failed\n\n"
         "`failure_class` of a job. Another attempt follows within the budget (`jobs: attempts`), where the "
         "last column says so; one that\n"
         "may have started is repeated only if its task says `preemptible: true`.\n\n| class | when | tried "
         "again |\n|---|---|---|\n";
  for (const FailureClass& known : failure_classes()) {
    const char* again = known.repeat == Repeat::kNever       ? "no"
                        : known.repeat == Repeat::kElsewhere ? "elsewhere"
                                                             : "yes";
    out << "| " << known.word << " | " << known.when << " | " << again << " |\n";
  }
  return out.str();
}

TEST(States, TheHandbooksPageIsCurrent) {
  if (std::getenv("HETAO_WRITE_PAGES") != nullptr) std::ofstream(kPage) << page();
  std::ifstream file(kPage);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), page()) << "HETAO_WRITE_PAGES=1 writes it";
}

template <class State>
void every_state_is_reached(std::span<const Move<State>> moves, State first) {
  std::set<State> reached = {first};
  for (size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const Move<State>& move : moves) {
      if (reached.contains(move.from)) reached.insert(move.to);
    }
  }
  for (const Move<State>& move : moves) EXPECT_TRUE(reached.contains(move.from)) << to_word(move.from);
}

TEST(States, EveryStateIsReachedAndHasAWord) {
  every_state_is_reached(job_moves(), pb::JOB_QUEUED);
  every_state_is_reached(run_moves(), pb::RUN_WAITING);
  every_state_is_reached(crossing_moves(), pb::CROSSING_DECIDING);
  for (const auto& move : job_moves()) EXPECT_STRNE(to_word(move.to), "unknown");
  for (const auto& move : run_moves()) EXPECT_STRNE(to_word(move.to), "unknown");
  for (const auto& move : crossing_moves()) EXPECT_STRNE(to_word(move.to), "unknown");
}

TEST(States, AJobCanBeCancelledOrExpireInEveryStateThatLasts) {
  for (const pb::JobState state : {pb::JOB_QUEUED, pb::JOB_HELD, pb::JOB_OFFERED, pb::JOB_STAGING,
                                   pb::JOB_RUNNING, pb::JOB_INSPECTING, pb::JOB_RETURNING}) {
    EXPECT_TRUE(may_move(state, pb::JOB_CANCELLING) || may_move(state, pb::JOB_CANCELLED)) << to_word(state);
    EXPECT_TRUE(may_move(state, pb::JOB_EXPIRED)) << to_word(state);
  }
}

// The moves that the model of one submission makes (tests/model/submit.pml): of each `atomic` line of the
// gateway, from the state that it asks for to the state that it sets.
std::set<std::pair<std::string, std::string>> moves_of_the_model() {
  std::ifstream file(HETAO_SOURCE_DIR "/tests/model/submit.pml");
  std::set<std::pair<std::string, std::string>> moves;
  std::string line, from;
  bool gateway = false;
  const auto word_after = [&](const std::string& mark, size_t at) {
    const size_t begin = line.find(mark, at) + mark.size();
    return line.substr(begin, line.find_first_of(" ;}", begin) - begin);
  };
  while (std::getline(file, line)) {
    gateway = gateway || line.starts_with("active proctype gateway");
    if (!gateway) continue;
    if (line.find("atomic {") != std::string::npos) from.clear();
    if (line.find("state == ") != std::string::npos) from = word_after("state == ", 0);
    const size_t sets = line.find("state = ");
    if (sets != std::string::npos && !from.empty()) moves.emplace(from, word_after("state = ", sets));
  }
  return moves;
}

TEST(States, TheModelOfOneSubmissionMovesAsTheTableDoes) {
  const std::set<std::string> modelled = {"submitting", "releasing", "running",
                                          "collecting", "returning", "lost"};
  std::set<std::pair<std::string, std::string>> table;
  for (const Move<pb::RunState>& move : run_moves()) {
    if (modelled.contains(to_word(move.from)) && modelled.contains(to_word(move.to)))
      table.emplace(to_word(move.from), to_word(move.to));
  }
  EXPECT_EQ(moves_of_the_model(), table);
}

}  // namespace
}  // namespace hetao::federation
