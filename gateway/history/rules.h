// The rules, one function each; see README.md for what each says. Internal to the history room.
#pragma once

#include "gateway/history/history.h"

namespace hetao::history {

void ledger_extends(const History& history, const char* name, Findings& out);
void permit_before_departure(const History& history, const char* name, Findings& out);
void permit_before_arrival(const History& history, const char* name, Findings& out);
void refusal_is_final(const History& history, const char* name, Findings& out);
void holds_move_by_review(const History& history, const char* name, Findings& out);
void nobody_reviews_their_own(const History& history, const char* name, Findings& out);
void decided_under_the_policy_in_force(const History& history, const char* name, Findings& out);
void booked_once(const History& history, const char* name, Findings& out);
void arrival_has_departure(const History& history, const char* name, Findings& out);
void deleted_once_after_arrival(const History& history, const char* name, Findings& out);
void books_match(const History& history, const char* name, Findings& out);

void states_follow_the_table(const History& history, const char* name, Findings& out);
void one_start_an_attempt(const History& history, const char* name, Findings& out);
void one_start_a_job(const History& history, const char* name, Findings& out);
void acknowledged_is_kept(const History& history, const char* name, Findings& out);
void every_job_ends(const History& history, const char* name, Findings& out);
void nothing_left_behind(const History& history, const char* name, Findings& out);

}  // namespace hetao::history
