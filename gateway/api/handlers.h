// The handlers behind the route table (routes.cpp), one file an area. Plain ones read the core and answer;
// the dispatcher waits until what they read is durable. Async ones see to that themselves.
#pragma once

#include "gateway/api/router.h"
#include "gateway/base/json.h"
#include "proto/tes_json.h"

namespace hetao::api {

// --- tes.cpp, tes_submit.cpp
io::HttpResponse tes_service_info(const Context& c);
// The query's `view`, MINIMAL if it names none.
Result<tes::View> tes_view(const Query& query);
io::Awaitable<io::HttpResponse> tes_list(const Context& c);
io::Awaitable<io::HttpResponse> tes_create(const Context& c);
io::Awaitable<io::HttpResponse> tes_cancel(const Context& c);

// --- submit.cpp
io::Awaitable<io::HttpResponse> submit_job(const Context& c);
io::Awaitable<io::HttpResponse> explain_task(const Context& c);

// --- jobs.cpp, jobs_wait.cpp
io::Awaitable<io::HttpResponse> list_jobs(const Context& c);
io::Awaitable<io::HttpResponse> get_job(const Context& c);
io::Awaitable<io::HttpResponse> cancel_job(const Context& c);

// --- streams.cpp
io::Awaitable<io::HttpResponse> job_logs(const Context& c);
io::Awaitable<io::HttpResponse> tes_get(const Context& c);

// --- log_follow.cpp
io::Awaitable<io::HttpResponse> follow_logs(const Context& c);

// --- results.cpp
io::Awaitable<io::HttpResponse> list_results(const Context& c);
io::Awaitable<io::HttpResponse> get_result(const Context& c);

// --- catalogue.cpp, catalogue_change.cpp
io::HttpResponse list_datasets(const Context& c);
io::HttpResponse get_dataset(const Context& c);
io::HttpResponse list_mechanisms(const Context& c);
io::Awaitable<io::HttpResponse> register_dataset(const Context& c);
io::Awaitable<io::HttpResponse> retire_dataset(const Context& c);
io::Awaitable<io::HttpResponse> register_mechanism(const Context& c);
io::Awaitable<io::HttpResponse> withdraw_mechanism(const Context& c);

// --- dcat.cpp
io::HttpResponse catalogue_jsonld(const Context& c);

// --- access_requests.cpp
io::HttpResponse list_access(const Context& c);
io::HttpResponse get_access(const Context& c);
io::Awaitable<io::HttpResponse> request_access(const Context& c);
io::Awaitable<io::HttpResponse> answer_access(const Context& c);

// --- projects.cpp
io::HttpResponse list_projects(const Context& c);
io::HttpResponse get_project(const Context& c);
io::Awaitable<io::HttpResponse> begin_project(const Context& c);
io::Awaitable<io::HttpResponse> act_on_project(const Context& c);

// --- offers.cpp
io::HttpResponse list_offers(const Context& c);
io::Awaitable<io::HttpResponse> publish_offer(const Context& c);
io::Awaitable<io::HttpResponse> withdraw_offer(const Context& c);

// --- reviews.cpp
io::Awaitable<io::HttpResponse> list_reviews(const Context& c);
io::Awaitable<io::HttpResponse> get_review(const Context& c);
io::Awaitable<io::HttpResponse> answer_review(const Context& c);

// --- policy_routes.cpp
io::HttpResponse get_policy(const Context& c);
io::HttpResponse decide_request(const Context& c);

// --- policy_life.cpp, policy_replay.cpp
io::Awaitable<io::HttpResponse> check_policy(const Context& c);
io::Awaitable<io::HttpResponse> propose_policy(const Context& c);
io::HttpResponse list_proposals(const Context& c);
io::Awaitable<io::HttpResponse> get_proposal(const Context& c);
io::Awaitable<io::HttpResponse> answer_proposal(const Context& c);
io::Awaitable<io::HttpResponse> activate_policy(const Context& c);
io::Awaitable<io::HttpResponse> stop_shadow(const Context& c);
io::HttpResponse policy_history(const Context& c);
io::Awaitable<io::HttpResponse> get_pack(const Context& c);
io::Awaitable<io::HttpResponse> simulate_policy(const Context& c);
io::Awaitable<io::HttpResponse> get_shadow(const Context& c);
io::Awaitable<io::HttpResponse> get_counters(const Context& c);
io::HttpResponse list_policy_warnings(const Context& c);

// --- audit.cpp
io::Awaitable<io::HttpResponse> search_audit(const Context& c);
io::Awaitable<io::HttpResponse> get_audit_entry(const Context& c);
io::Awaitable<io::HttpResponse> export_audit(const Context& c);
io::Awaitable<io::HttpResponse> audit_story(const Context& c);
io::Awaitable<io::HttpResponse> audit_reconcile(const Context& c);
io::Awaitable<io::HttpResponse> log_file(const Context& c);

// --- audit_people.cpp
io::HttpResponse list_people(const Context& c);
io::Awaitable<io::HttpResponse> show_person(const Context& c);
io::Awaitable<io::HttpResponse> act_on_person(const Context& c);
io::Awaitable<io::HttpResponse> link_person(const Context& c);
io::Awaitable<io::HttpResponse> tenant_statement(const Context& c);

// --- audit_holds.cpp
io::HttpResponse list_holds(const Context& c);
io::Awaitable<io::HttpResponse> place_hold(const Context& c);
io::Awaitable<io::HttpResponse> lift_hold(const Context& c);

// --- witness_routes.cpp
// Writes an act into the ledger, before it happens.
io::Awaitable<std::optional<Error>> write_down(const Context& c, std::string kind, std::string reason,
                                               std::vector<std::pair<std::string, std::string>> details);
io::Awaitable<io::HttpResponse> add_checkpoint(const Context& c);
io::Awaitable<io::HttpResponse> witnessed_checkpoint(const Context& c);
io::HttpResponse list_witnesses(const Context& c);
json::array witnesses_view(const std::vector<io::WitnessStatus>& witnesses);
io::Awaitable<io::HttpResponse> resolve_witness(const Context& c);
io::Awaitable<io::HttpResponse> rotate_log_key(const Context& c);

// --- sign_in.cpp, sessions.cpp
io::HttpResponse list_providers(const Context& c);
io::Awaitable<io::HttpResponse> begin_sign_in(const Context& c);
io::Awaitable<io::HttpResponse> end_sign_in(const Context& c);
io::Awaitable<io::HttpResponse> begin_device(const Context& c);
io::Awaitable<io::HttpResponse> poll_device(const Context& c);
io::Awaitable<io::HttpResponse> sign_out(const Context& c);
io::Awaitable<io::HttpResponse> back_channel_logout(const Context& c);
json::object session_view(const Context& c);
// The provider's refresh token of the session that the caller came with; empty: it has none.
std::string kept_refresh_token(const Context& c);
io::HttpResponse list_sessions(const Context& c);
io::Awaitable<io::HttpResponse> end_session(const Context& c);
io::HttpResponse list_tokens(const Context& c);
io::Awaitable<io::HttpResponse> make_token(const Context& c);
io::Awaitable<io::HttpResponse> revoke_token(const Context& c);

// --- uploads.cpp
io::HttpResponse describe_uploads(const Context& c);
io::HttpResponse list_uploads(const Context& c);
io::HttpResponse get_upload(const Context& c);
io::Awaitable<io::HttpResponse> create_upload(const Context& c);
io::Awaitable<io::HttpResponse> continue_upload(const Context& c);
io::Awaitable<io::HttpResponse> delete_upload(const Context& c);

// --- events.cpp
io::HttpResponse follow_events(const Context& c);

// --- status.cpp, metrics.cpp
io::HttpResponse who_am_i(const Context& c);
io::HttpResponse get_status(const Context& c);
io::HttpResponse list_peers(const Context& c);
io::HttpResponse get_capacity(const Context& c);
io::Awaitable<io::HttpResponse> get_usage(const Context& c);
io::HttpResponse get_certificates(const Context& c);
io::HttpResponse metrics(const Context& c);
io::HttpResponse healthz(const Context& c);
io::HttpResponse readyz(const Context& c);
io::HttpResponse description(const Context& c);

// --- activity.cpp, console_routes.cpp
io::Awaitable<io::HttpResponse> get_activity(const Context& c);
io::HttpResponse console_page(const Context& c);

// --- shared (common.cpp)

// May this caller see the job? Auditors and reviewers see all, submitters those of their tenant.
bool may_see(const Caller& caller, const pb::Job& job);
io::HttpResponse no_such(const char* thing, std::string_view id, const char* hint);

// A whole number from `least` to `most`; `otherwise` when the parameter is absent.
Result<int64_t> number_query(const Query& query, std::string_view name, int64_t least, int64_t most,
                             int64_t otherwise);
// The body as a JSON object whose members are all known.
Result<json::object> object_body(const io::HttpRequest& request, const std::vector<std::string>& known);
Result<std::string> text_member(const json::object& object, std::string_view name, bool needed,
                                size_t bytes_max);
// The project that the path or the query names; fails on names that are none.
Result<std::string> project_of(const Context& c);

}  // namespace hetao::api
