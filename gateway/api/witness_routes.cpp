// The witness over HTTP (C2SP tlog-witness), what it says of itself, and the operator's acts: answering an
// alarm, changing the log's key.
#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr size_t kRequestBytesMax = size_t{64} << 10U;

bool is_hash(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

io::Awaitable<std::optional<Error>> write_down(const Context& c, std::string kind, std::string reason,
                                               std::vector<std::pair<std::string, std::string>> details) {
  federation::NoteAct act;
  act.kind = std::move(kind);
  act.who = c.caller.name_in_ledger();
  act.reason = std::move(reason);
  act.details = std::move(details);
  federation::Answer answer = co_await c.backend.ask(std::move(act));
  co_return std::move(answer.error);
}

io::Awaitable<io::HttpResponse> add_checkpoint(const Context& c) {
  if (c.backend.desk() == nullptr) co_return plain_not_found();
  if (c.request.body.size() > kRequestBytesMax) co_return text_answer("the request is too large\n", 400);
  ledger::WitnessAnswer answer;
  auto work = [&] { answer = c.backend.desk()->answer(c.request.body, io::WitnessClient::kAnyone); };
  co_await c.backend.offload(work);
  c.backend.desk()->report(answer);
  co_return text_answer(answer.body, answer.status, answer.content_type);
}

io::Awaitable<io::HttpResponse> witnessed_checkpoint(const Context& c) {
  const std::string& hash = c.at("hash");
  if (c.backend.witness_store() == nullptr || !is_hash(hash)) co_return plain_not_found();
  std::optional<std::string> text;
  auto work = [&] { text = c.backend.witness_store()->checkpoint(hash); };
  co_await c.backend.offload(work);
  if (!text) co_return plain_not_found();
  io::HttpResponse response = text_answer(std::move(*text));
  response.headers.set("Cache-Control", "no-cache");
  co_return response;
}

json::array witnesses_view(const std::vector<io::WitnessStatus>& witnesses) {
  json::array out;
  for (const io::WitnessStatus& one : witnesses) {
    json::object view;
    view["witness"] = one.name;
    view["cosigned_size"] = one.cosigned_size;
    if (one.cosigned_at) put_time(view, "cosigned_at", one.cosigned_at->micros);
    view["fresh"] = one.fresh;
    put(view, "alarm", one.alarm);
    put(view, "held", one.held);
    if (one.is_peer) {
      json::object theirs;
      theirs["log"] = io::origin_of_region(one.name);
      theirs["size"] = one.their_size;
      if (one.their_cosigned_at) put_time(theirs, "cosigned_at", one.their_cosigned_at->micros);
      put(theirs, "alarm", one.their_alarm);
      view["peer_log"] = std::move(theirs);
    }
    out.push_back(std::move(view));
  }
  return out;
}

io::HttpResponse list_witnesses(const Context& c) {
  json::object out;
  json::array log_keys;
  for (const ledger::VerifierKey& key : c.backend.ledger().log_keys())
    log_keys.emplace_back(ledger::print_vkey(key));
  out["log_keys"] = std::move(log_keys);
  out["witness_key"] = ledger::print_vkey(c.backend.ledger().witness_key().verifier());
  json::array witness_keys;
  for (const ledger::VerifierKey& key : c.backend.ledger().witness_keys())
    witness_keys.emplace_back(ledger::print_vkey(key));
  out["witness_keys"] = std::move(witness_keys);
  out["witnesses"] = witnesses_view(c.backend.status().witnesses);
  return json_answer(out);
}

io::Awaitable<io::HttpResponse> resolve_witness(const Context& c) {
  const std::string& name = c.at("name");
  if (c.backend.desk() == nullptr || !c.backend.desk()->has(name))
    co_return no_such("witness", name, "`hetao audit witnesses` lists them");
  const auto body = object_body(c.request, {"reason"});
  if (!body) co_return problem(body.error());
  auto reason = text_member(*body, "reason", true, limits::kTextFieldBytesMax);
  if (!reason) co_return problem(reason.error());
  std::string alarm;
  for (const io::WitnessStatus& one : c.backend.desk()->status()) {
    if (one.name == name) alarm = one.alarm.empty() ? one.their_alarm : one.alarm;
  }
  if (alarm.empty() || alarm == "silence")
    co_return problem({ErrorCode::kUsage, "witness " + name, "no alarm is open that waits for an operator",
                       "`hetao audit witnesses` shows alarms"});
  const std::string path = ledger::witness_path(io::origin_of_region(name));
  const auto before = c.backend.witness_store()->checkpoint(path.substr(0, path.find('/')));
  auto error = co_await write_down(
      c, "admin", *reason,
      {{"act", "witness-resolved"}, {"witness", name}, {"alarm", alarm}, {"cosigned", before.value_or("")}});
  if (error) co_return problem(*error);
  if (auto done = c.backend.desk()->resolve(name); !done) co_return problem(done.error());
  co_return list_witnesses(c);
}

io::Awaitable<io::HttpResponse> rotate_log_key(const Context& c) {
  const auto body = object_body(c.request, {"step", "reason"});
  if (!body) co_return problem(body.error());
  const auto step = text_member(*body, "step", true, limits::kTextFieldBytesMax);
  if (!step) co_return problem(step.error());
  auto reason = text_member(*body, "reason", true, limits::kTextFieldBytesMax);
  if (!reason) co_return problem(reason.error());
  if (*step != "begin" && *step != "end")
    co_return problem({ErrorCode::kUsage, "/step", "is neither begin nor end", ""});
  auto error = co_await write_down(c, "admin", *reason, {{"act", "log-key-rotation-" + *step}});
  if (error) co_return problem(*error);
  std::optional<Result<ledger::VerifierKey>> done;
  auto work = [&] {
    done = *step == "begin" ? c.backend.ledger().begin_rotation() : c.backend.ledger().end_rotation();
  };
  co_await c.backend.offload(work);
  if (!*done) co_return problem(done->error());
  if (c.backend.desk() != nullptr) c.backend.desk()->checkpoint_changed();
  co_return list_witnesses(c);
}

}  // namespace hetao::api
