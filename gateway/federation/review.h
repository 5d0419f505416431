// Holds: people answer them, several where a rule asks for several, or time does.
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

void on_answer_review(State& s, const AnswerReview& event);
// Ends the holds that nobody answered in time.
void tick_reviews(State& s);
void resume_reviews(State& s);

}  // namespace hetao::federation
