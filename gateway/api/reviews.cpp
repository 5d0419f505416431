#include <map>

#include "gateway/api/handlers.h"
#include "gateway/api/past.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/federation/state.h"
#include "gateway/federation/table.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr size_t kPastReviewsMax = 1'000;  // the newest ones

// What the archive has of a review: itself and the crossing that it was for.
io::Awaitable<std::shared_ptr<const federation::Core>> past_review(Backend& backend, const std::string& id) {
  const size_t dot = id.find('.');
  const bool is_one = id.starts_with("rv-") && dot != std::string::npos;
  co_return co_await past_family(backend, is_one ? id.substr(3, dot - 3) : std::string());
}

// The core knows people by one name each; the register knows which names are one person's.
std::optional<Error> is_own_with_another_account(const Context& c, const std::string& id) {
  const federation::Core& core = c.backend.core();
  const pb::Review* review = core.review(id);
  const pb::Crossing* crossing = review == nullptr ? nullptr : core.crossing(review->crossing());
  if (crossing == nullptr) return std::nullopt;
  const io::PersonRegister& people = c.backend.persons();
  const std::string& caller = c.caller.ledger_name;
  const auto is_caller = [&](const std::string& name) {
    return name != caller && people.are_same(name, caller);
  };
  if (is_caller(federation::ledger_name(crossing->submitter())))
    return Error{ErrorCode::kNotAllowed, "review " + id,
                 "the submitter of a job may not review it, with another account either",
                 "ask another reviewer"};
  for (const pb::Approval& given : review->approvals())
    if (is_caller(given.by()))
      return Error{ErrorCode::kNotAllowed, "review " + id,
                   "you have approved it with another account, and it needs another person too",
                   "ask another reviewer"};
  return std::nullopt;
}

}  // namespace

io::Awaitable<io::HttpResponse> list_reviews(const Context& c) {
  const std::string state = c.query.find("state") == nullptr ? "open" : c.query.get("state");
  std::map<std::pair<int64_t, std::string>, json::object> found;
  const auto take = [&](const federation::Core& core, const pb::Review& review) {
    if (state == "all" || state == federation::to_word(review.state()))
      found.emplace(std::pair(review.opened_micros(), review.id()), review_view(core, review));
  };
  for (const auto& [id, review] : c.backend.core().reviews()) take(c.backend.core(), review);
  if (state != "open") {
    const auto rows =
        co_await c.backend.past_rows(federation::Table::kPastReview, "", "\x7f", kPastReviewsMax, true);
    if (!rows) co_return problem(rows.error());
    for (const federation::Record& row : *rows) {
      const auto past = co_await past_review(c.backend, row.key);
      if (const pb::Review* review = past->review(row.key)) take(*past, *review);
    }
  }
  json::array list;
  for (auto& [when, view] : found) list.push_back(std::move(view));
  json::object out;
  out["reviews"] = std::move(list);
  co_await c.backend.settled();
  co_return json_answer(out);
}

io::Awaitable<io::HttpResponse> get_review(const Context& c) {
  const std::string& id = c.at("id");
  std::shared_ptr<const federation::Core> past;
  const federation::Core* core = &c.backend.core();
  if (core->review(id) == nullptr) {
    past = co_await past_review(c.backend, id);
    core = past.get();
  }
  const pb::Review* review = core->review(id);
  if (review == nullptr) co_return no_such("review", id, "`hetao review list` shows the open ones");
  json::object view = review_view(*core, *review);
  // What a person needs to judge: where, what, how many, and what stands around it, masked. It is read again
  // from the files and kept nowhere, because the records of a crossing are shown to the other side too.
  if (const pb::Crossing* crossing = core->crossing(review->crossing()); crossing != nullptr) {
    const auto found = co_await c.backend.evidence(crossing->item());
    if (found) view["evidence"] = inspection::to_json(*found, true);
  }
  co_return json_answer(view);
}

io::Awaitable<io::HttpResponse> answer_review(const Context& c) {
  const std::string& word = c.at("answer");
  if (word != "approve" && word != "reject") co_return plain_not_found();
  const auto body = object_body(c.request, {"reason"});
  if (!body) co_return problem(body.error());
  auto reason = text_member(*body, "reason", true, limits::kTextFieldBytesMax);
  if (!reason) co_return problem(reason.error());
  const std::string& id = c.at("id");
  if (const auto error = is_own_with_another_account(c, id)) co_return problem(*error);
  federation::AnswerReview event;
  event.review = id;
  event.approve = word == "approve";
  event.reason = std::move(*reason);
  event.who = c.caller.principal();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  const pb::Review* after = c.backend.core().review(id);
  co_return json_answer(after == nullptr ? json::object() : review_view(c.backend.core(), *after));
}

}  // namespace hetao::api
