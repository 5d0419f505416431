#include "gateway/ledger/cosigning.h"

#include <algorithm>

#include "gateway/ledger/decimal.h"

namespace hetao::ledger {

const char* to_word(WitnessOutcome outcome) {
  switch (outcome) {
    case WitnessOutcome::kCosigned:
      return "cosigned";
    case WitnessOutcome::kAgain:
      return "again";
    case WitnessOutcome::kAhead:
      return "rolled-back";
    case WitnessOutcome::kFork:
      return "fork";
    case WitnessOutcome::kRefused:
      return "refused";
    case WitnessOutcome::kStray:
      return "stray";
  }
  return "unknown";
}

void Cosigning::remember(uint64_t size, Instant at) {
  cosigned_ = std::max(cosigned_, size);
  newest_ = newest_ ? std::max(*newest_, at) : at;
}

void Cosigning::reachable(bool is) {
  reachable_ = is;
  if (is) not_before_ = {};  // a link that came up is asked at once
  if (!is) open_.reset();
}

std::optional<Cosigning::Question> Cosigning::ask(uint64_t published, Instant now) {
  if (open_ && now - asked_at_ > config_.patience) failed(now);
  if (!reachable_ || halted_ || open_ || now < not_before_) return std::nullopt;
  const bool is_new = published != cosigned_ || !last_asked_well_;
  if (!is_new && now - *last_asked_well_ < config_.again_after) return std::nullopt;
  open_ = Question{std::min(known_.value_or(0), published), published};
  asked_at_ = now;
  return open_;
}

WitnessOutcome Cosigning::take(const WitnessReply& reply, Instant now) {
  if (!open_) return WitnessOutcome::kStray;
  const Question asked = *open_;
  open_.reset();
  answered_ = true;
  if (reply.status == 200) {
    known_ = asked.size;
    cosigned_ = asked.size;
    newest_ = last_asked_well_ = now;
    pause_ = {};
    return WitnessOutcome::kCosigned;
  }
  if (reply.status == 409) {
    std::string_view body = reply.body;
    if (body.ends_with('\n')) body.remove_suffix(1);
    const auto size = parse_decimal(body);
    if (size && *size > asked.size) {
      known_ = size;
      return WitnessOutcome::kAhead;
    }
    // A witness that names the very size it was asked with talks nonsense: it must not make us spin.
    if (size && *size != asked.old_size) {
      known_ = size;
      return WitnessOutcome::kAgain;
    }
  }
  wait(now);
  return reply.status == 422 ? WitnessOutcome::kFork : WitnessOutcome::kRefused;
}

void Cosigning::failed(Instant now) {
  open_.reset();
  known_.reset();  // it may have cosigned and its answer was lost
  wait(now);
}

void Cosigning::begin_anew() {
  halted_ = false;
  last_asked_well_.reset();
  known_.reset();
  open_.reset();
  not_before_ = {};
  pause_ = {};
}

void Cosigning::wait(Instant now) {
  pause_ = pause_.micros == 0 ? config_.retry_after
                              : Duration{std::min(2 * pause_.micros, config_.retry_most.micros)};
  not_before_ = now + pause_;
}

}  // namespace hetao::ledger
