// The life of a policy change over HTTP: check, propose, answer, activate, look back. Compiling, testing and
// comparing happen on another thread; what was found is kept by digest before the core is asked.
#include <algorithm>
#include <boost/json/serialize.hpp>

#include "gateway/api/handlers.h"
#include "gateway/api/people_names.h"
#include "gateway/api/policy_pack.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/base/policy_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/policy_life.h"
#include "gateway/io/asio.h"
#include "gateway/io/pack_store.h"
#include "policy/bundle.h"

namespace hetao::api {

namespace {

using federation::AnswerProposal;

json::object proposal_view(const pb::PolicyProposal& proposal, PeopleNames& people) {
  json::object out;
  out["id"] = proposal.id();
  out["state"] = federation::to_word(proposal.state());
  out["pack"] = pack_view(proposal.pack());
  out["base"] = proposal.base_digest();
  out["diff_digest"] = proposal.diff_digest();
  out["summary"] = proposal.diff_summary();
  out["tests"] = json::object{{"passed", proposal.tests_run()}, {"failed", proposal.tests_failed()}};
  out["warnings"] = proposal.warnings();
  out["proposed_by"] = people.whole(proposal.proposer());
  put_time(out, "proposed", proposal.proposed_micros());
  put(out, "reason", proposal.reason());
  if (proposal.answered_micros() != 0) {
    out["answered_by"] = people.whole(proposal.answerer());
    put_time(out, "answered", proposal.answered_micros());
    put(out, "answer", proposal.answer_reason());
  }
  return out;
}

json::object activation_view(const pb::PolicyActivation& activation, PeopleNames& people) {
  json::object out;
  out["number"] = activation.number();
  out["pack"] = pack_view(activation.pack());
  put_time(out, "at", activation.at_micros());
  out["by"] = activation.who().tenant().empty() ? activation.by() : people.whole(activation.who());
  put(out, "proposal", activation.proposal());
  if (!activation.approver().tenant().empty()) out["approved_by"] = people.whole(activation.approver());
  put(out, "replaced", activation.replaced());
  put(out, "reason", activation.reason());
  if (activation.rollback()) out["rollback"] = true;
  out["ledger_sequence"] = activation.ledger_sequence();
  return out;
}

// What the caller calls a pack: a proposal's id, a digest, or the beginning of one.
Result<std::string> digest_named(const federation::Core& core, const std::string& name) {
  const std::string what = "policy " + printable(name.substr(0, 64));
  const auto proposal = core.proposals().find(name);
  if (proposal != core.proposals().end()) return proposal->second.pack().digest();
  constexpr size_t kPrefixMin = 6;
  std::vector<std::string> found;
  const auto look = [&](const std::string& digest) {
    const bool fits = name.size() >= kPrefixMin && digest.starts_with(name);
    if (fits && std::find(found.begin(), found.end(), digest) == found.end()) found.push_back(digest);
  };
  for (const auto& [id, each] : core.proposals()) look(each.pack().digest());
  for (const auto& [number, each] : core.activations()) look(each.pack().digest());
  if (found.size() == 1) return found.front();
  if (found.empty())
    return fail(ErrorCode::kNotFound, what,
                "is neither a proposal nor the digest of a pack that was proposed here",
                "`hetao policy history` shows both");
  return fail(ErrorCode::kUsage, what, "begins more than one digest", "write more of it");
}

struct Checked {
  std::optional<io::HttpResponse> refused;
  UploadedPack pack;
  PackReport report;
  std::string report_digest;
};

// Takes the pack apart, runs its checks, and keeps both if `keep`.
void check_upload(const Context& c, const json::object& body,
                  const std::shared_ptr<const policy::Policy>& in_force, bool keep, Checked& out) {
  auto pack =
      take_pack(body, c.config.policy_signers, keep ? Signatures::kAsConfigured : Signatures::kNotNeeded);
  if (!pack) {
    out.refused = std::move(pack.error());
    return;
  }
  out.pack = std::move(*pack);
  out.report = check_pack(*in_force, out.pack, c.backend.ledger(), shanghai_date(c.request.received));
  if (!keep || out.report.tests_failed != 0) return;
  const auto kept = c.backend.packs().put_pack(out.pack.ref.digest(), out.pack.bundle);
  if (!kept) {
    out.refused = problem(500, kept.error());
    return;
  }
  auto report = c.backend.packs().put_report(json::serialize(out.report.document));
  if (!report) {
    out.refused = problem(500, report.error());
    return;
  }
  out.report_digest = std::move(*report);
}

void fill_proposal(pb::PolicyProposal& proposal, const Checked& checked) {
  *proposal.mutable_pack() = checked.pack.ref;
  proposal.set_base_digest(std::string(checked.report.document.at("base").get_string()));
  proposal.set_diff_digest(checked.report.diff_digest);
  proposal.set_diff_summary(checked.report.diff_summary);
  proposal.set_report_digest(checked.report_digest);
  proposal.set_tests_run(checked.report.tests_passed);
  proposal.set_tests_failed(checked.report.tests_failed);
  proposal.set_warnings(checked.report.warnings);
}

}  // namespace

io::Awaitable<io::HttpResponse> check_policy(const Context& c) {
  const auto body = pack_body(c.request, {});
  if (!body) co_return problem(body.error());
  const auto in_force = c.backend.policy();
  co_await c.backend.settled();
  Checked checked;
  auto work = [&] { check_upload(c, *body, in_force, false, checked); };
  co_await c.backend.offload(work);
  if (checked.refused) co_return std::move(*checked.refused);
  co_return json_answer(checked.report.document);
}

io::Awaitable<io::HttpResponse> propose_policy(const Context& c) {
  const auto body = pack_body(c.request, {"reason"});
  if (!body) co_return problem(body.error());
  auto reason = text_member(*body, "reason", false, limits::kTextFieldBytesMax);
  if (!reason) co_return problem(reason.error());
  const auto in_force = c.backend.policy();
  co_await c.backend.settled();
  Checked checked;
  auto work = [&] { check_upload(c, *body, in_force, true, checked); };
  co_await c.backend.offload(work);
  if (checked.refused) co_return std::move(*checked.refused);
  federation::ProposePolicy event;
  fill_proposal(event.proposal, checked);
  *event.proposal.mutable_proposer() = c.caller.principal();
  event.proposal.set_reason(std::move(*reason));
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  const auto at = c.backend.core().proposals().find(answer.id);
  PeopleNames people(c);
  json::object out =
      at == c.backend.core().proposals().end() ? json::object() : proposal_view(at->second, people);
  out["report"] = std::move(checked.report.document);
  co_return json_answer(out);
}

io::HttpResponse list_proposals(const Context& c) {
  PeopleNames people(c);
  json::array list;
  const std::string state = c.query.get("state");
  for (const auto& [id, proposal] : c.backend.core().proposals()) {
    if (state.empty() || state == federation::to_word(proposal.state()))
      list.push_back(proposal_view(proposal, people));
  }
  return json_answer(json::object{{"proposals", std::move(list)}});
}

io::Awaitable<io::HttpResponse> get_proposal(const Context& c) {
  const auto& all = c.backend.core().proposals();
  const auto at = all.find(c.at("id"));
  if (at == all.end()) co_return no_such("proposal", c.at("id"), "`hetao policy history` shows them");
  PeopleNames people(c);
  json::object out = proposal_view(at->second, people);
  const std::string digest = at->second.report_digest();
  std::optional<Result<std::string>> report;
  auto work = [&] { report = c.backend.packs().report(digest); };
  co_await c.backend.offload(work);
  if (!*report) co_return problem(500, report->error());
  auto parsed = parse_json(**report, "report", limits::kPackBytesMax);
  if (!parsed) co_return problem(500, parsed.error());
  out["report"] = std::move(*parsed);
  co_return json_answer(out);
}

namespace {

// The core knows people by one name each; the register knows which names are one person's.
std::optional<Error> is_own_with_another_account(const Context& c, const std::string& id) {
  const auto at = c.backend.core().proposals().find(id);
  if (at == c.backend.core().proposals().end()) return std::nullopt;
  const std::string proposer = federation::ledger_name(at->second.proposer());
  if (proposer == c.caller.ledger_name || !c.backend.persons().are_same(proposer, c.caller.ledger_name))
    return std::nullopt;
  return Error{ErrorCode::kNotAllowed, "proposal " + id,
               "its proposer may not approve it, with another account either",
               "ask a second policy administrator"};
}

}  // namespace

io::Awaitable<io::HttpResponse> answer_proposal(const Context& c) {
  const std::string& word = c.at("answer");
  if (word != "approve" && word != "reject" && word != "withdraw") co_return plain_not_found();
  const auto body = object_body(c.request, {"reason", "pack", "diff_digest"});
  if (!body) co_return problem(body.error());
  AnswerProposal event;
  event.proposal = c.at("id");
  event.say = word == "approve"  ? AnswerProposal::Say::kApprove
              : word == "reject" ? AnswerProposal::Say::kReject
                                 : AnswerProposal::Say::kWithdraw;
  const std::pair<const char*, std::string*> members[] = {
      {"reason", &event.reason}, {"pack", &event.pack_digest}, {"diff_digest", &event.diff_digest}};
  for (const auto& [name, into] : members) {
    auto text = text_member(*body, name, false, limits::kTextFieldBytesMax);
    if (!text) co_return problem(text.error());
    *into = std::move(*text);
  }
  event.who = c.caller.principal();
  const std::string id = event.proposal;
  if (word == "approve") {
    if (const auto error = is_own_with_another_account(c, id)) co_return problem(*error);
  }
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  const auto at = c.backend.core().proposals().find(id);
  PeopleNames people(c);
  co_return json_answer(at == c.backend.core().proposals().end() ? json::object()
                                                                 : proposal_view(at->second, people));
}

io::Awaitable<io::HttpResponse> activate_policy(const Context& c) {
  const auto body = object_body(c.request, {"pack", "reason"});
  if (!body) co_return problem(body.error());
  const auto name = text_member(*body, "pack", true, limits::kTextFieldBytesMax);
  if (!name) co_return problem(name.error());
  auto reason = text_member(*body, "reason", false, limits::kTextFieldBytesMax);
  if (!reason) co_return problem(reason.error());
  const auto digest = digest_named(c.backend.core(), *name);
  if (!digest) co_return problem(digest.error());
  if (const auto why = c.backend.core().cannot_activate(*digest)) co_return problem(*why);
  std::optional<Result<std::shared_ptr<const policy::Policy>>> loaded;
  auto work = [&] { loaded = c.backend.packs().load(*digest); };
  co_await c.backend.offload(work);
  if (!*loaded) co_return problem(500, loaded->error());
  federation::ActivatePack event;
  event.policy = **loaded;
  event.who = c.caller.principal();
  event.reason = std::move(*reason);
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  const auto& all = c.backend.core().activations();
  PeopleNames people(c);
  co_return json_answer(all.empty() ? json::object() : activation_view(all.rbegin()->second, people));
}

io::Awaitable<io::HttpResponse> stop_shadow(const Context& c) {
  const auto body = object_body(c.request, {"reason"});
  if (!body) co_return problem(body.error());
  auto reason = text_member(*body, "reason", false, limits::kTextFieldBytesMax);
  if (!reason) co_return problem(reason.error());
  federation::StopShadow event;
  event.who = c.caller.principal();
  event.reason = std::move(*reason);
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  co_return json_answer(json::object{{"stopped", answer.id}});
}

io::HttpResponse policy_history(const Context& c) {
  const federation::Core& core = c.backend.core();
  json::object out;
  out["active"] = core.policy_digest();
  const pb::PolicyRecord& record = core.policy_record();
  if (!record.shadow().digest().empty()) out["shadow"] = pack_view(record.shadow());
  out["edition_highest"] = record.edition_highest();
  PeopleNames people(c);
  json::array activations;
  for (auto at = core.activations().rbegin(); at != core.activations().rend(); ++at)
    activations.push_back(activation_view(at->second, people));
  out["activations"] = std::move(activations);
  std::vector<const pb::PolicyProposal*> newest;
  for (const auto& [id, proposal] : core.proposals()) newest.push_back(&proposal);
  std::sort(newest.begin(), newest.end(), [](const pb::PolicyProposal* a, const pb::PolicyProposal* b) {
    return a->proposed_micros() > b->proposed_micros();
  });
  json::array proposals;
  for (const pb::PolicyProposal* each : newest) proposals.push_back(proposal_view(*each, people));
  out["proposals"] = std::move(proposals);
  return json_answer(out);
}

io::Awaitable<io::HttpResponse> get_pack(const Context& c) {
  const auto digest = digest_named(c.backend.core(), c.at("digest"));
  if (!digest) co_return problem(digest.error());
  std::optional<Result<std::string>> bundle;
  auto work = [&] { bundle = c.backend.packs().pack(*digest); };
  co_await c.backend.offload(work);
  if (!*bundle) co_return problem(bundle->error());
  auto files = parse_json(std::string_view(**bundle).substr((*bundle)->rfind('\n') + 1), "pack",
                          limits::kPackBytesMax);
  if (!files) co_return problem(500, files.error());
  json::object out;
  out["digest"] = *digest;
  out["files"] = std::move(*files);
  if (const auto parts = policy::split_bundle(**bundle)) out["bundle"] = **bundle;
  co_return json_answer(out);
}

}  // namespace hetao::api
