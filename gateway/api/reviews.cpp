#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/federation/table.h"
#include "gateway/io/asio.h"

namespace hetao::api {

io::HttpResponse list_reviews(const Context& c) {
  const std::string state = c.query.find("state") == nullptr ? "open" : c.query.get("state");
  std::vector<const pb::Review*> found;
  for (const auto& [id, review] : c.backend.core().reviews()) {
    if (state == "all" || state == federation::to_word(review.state())) found.push_back(&review);
  }
  std::sort(found.begin(), found.end(), [](const pb::Review* a, const pb::Review* b) {
    return std::pair(a->opened_micros(), a->id()) < std::pair(b->opened_micros(), b->id());
  });
  json::array list;
  for (const pb::Review* review : found) list.push_back(review_view(c.backend.core(), *review));
  json::object out;
  out["reviews"] = std::move(list);
  return json_answer(out);
}

io::Awaitable<io::HttpResponse> get_review(const Context& c) {
  const std::string& id = c.at("id");
  const pb::Review* review = c.backend.core().review(id);
  if (review == nullptr) co_return no_such("review", id, "`hetao review list` shows the open ones");
  json::object view = review_view(c.backend.core(), *review);
  // What a person needs to judge: where, what, how many, and what stands around it, masked. It is read again
  // from the files and kept nowhere, because the records of a crossing are shown to the other side too.
  if (const pb::Crossing* crossing = c.backend.core().crossing(review->crossing()); crossing != nullptr) {
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
