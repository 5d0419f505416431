// The table of everything that this listener answers. What is not here is a plain 404.
#include "gateway/api/audit_filter.h"
#include "gateway/api/handlers.h"
#include "gateway/api/tenants.h"

namespace hetao::api {

namespace {

Access open() {
  return {Access::Kind::kOpen, {}, true};
}
Access signed_in() {
  return {Access::Kind::kSignedIn, {}, false};
}
Access roles(RoleSet set) {
  return {Access::Kind::kRoles, set, false};
}
// The ledger is for auditors, and for the gateways that watch each other.
Access auditors_and_peers() {
  return {Access::Kind::kRoles, {Role::kAuditor}, true};
}

constexpr Role kSubmitter = Role::kSubmitter;
constexpr Role kDataOwner = Role::kDataOwner;
constexpr Role kPolicyAdmin = Role::kPolicyAdmin;
constexpr Role kReviewer = Role::kReviewer;
constexpr Role kAuditor = Role::kAuditor;
constexpr Role kOperator = Role::kOperator;

// Clients carry a project in their base URL: the same routes again below /projects/NAME.
void add_tes(std::vector<Route>& all, const std::string& prefix) {
  const std::string base = prefix + "/ga4gh/tes/v1";
  const std::vector<std::string> any = {"*"};
  all.push_back({"GET", base + "/service-info", open(), &tes_service_info, any});
  all.push_back({"GET", base + "/tasks", roles({kSubmitter, kAuditor}), &tes_list, any});
  all.push_back({"POST", base + "/tasks", roles({kSubmitter}), &tes_create, any});
  all.push_back({"POST", base + "/tasks/{id}:cancel", roles({kSubmitter}), &tes_cancel, any});
  all.push_back({"GET", base + "/tasks/{id}", roles({kSubmitter, kAuditor}), &tes_get, any});
}

void add_jobs(std::vector<Route>& all) {
  const RoleSet readers = {kSubmitter, kReviewer, kAuditor};
  all.push_back({"GET",
                 "/api/v1/jobs",
                 roles(readers),
                 &list_jobs,
                 {"state", "name_prefix", "project", "user", "tag_key", "tag_value", "limit", "cursor"}});
  all.push_back({"POST", "/api/v1/jobs", roles({kSubmitter}), &submit_job, {"project"}});
  all.push_back({"GET", "/api/v1/jobs/{id}", roles(readers), &get_job, {"wait"}});
  all.push_back({"POST", "/api/v1/jobs/{id}/cancel", roles({kSubmitter}), &cancel_job});
  all.push_back({"GET", "/api/v1/jobs/{id}/logs", roles({kSubmitter, kAuditor}), &job_logs});
  all.push_back({"GET", "/api/v1/jobs/{id}/logs/new", roles({kSubmitter}), &follow_logs, {"after", "wait"}});
  all.push_back({"POST", "/api/v1/explain", roles({kSubmitter}), &explain_task, {"project"}});
  all.push_back({"GET", "/api/v1/results/{job}", roles({kSubmitter}), &list_results});
  all.push_back({"GET", "/api/v1/results/{job}/{name...}", roles({kSubmitter}), &get_result});
}

void add_catalogue(std::vector<Route>& all) {
  const RoleSet readers = {kSubmitter, kDataOwner, kReviewer, kAuditor};
  all.push_back({"GET", "/api/v1/datasets", roles(readers), &list_datasets, {"retired"}});
  all.push_back({"POST", "/api/v1/datasets", roles({kDataOwner}), &register_dataset});
  all.push_back({"GET", "/api/v1/datasets/{id}", roles(readers), &get_dataset});
  all.push_back({"POST", "/api/v1/datasets/{id}/retire", roles({kDataOwner}), &retire_dataset});
  all.push_back({"GET", "/api/v1/catalogue.jsonld", roles(readers), &catalogue_jsonld});
  const RoleSet askers = {kSubmitter, kDataOwner};
  const RoleSet concerned = {kSubmitter, kDataOwner, kAuditor};
  all.push_back({"POST", "/api/v1/datasets/{id}/access", roles(askers), &request_access});
  all.push_back({"GET", "/api/v1/access", roles(concerned), &list_access, {"state", "dataset"}});
  all.push_back({"GET", "/api/v1/access/{id}", roles(concerned), &get_access});
  all.push_back({"POST", "/api/v1/access/{id}/{answer}", roles(askers), &answer_access});
  all.push_back({"GET", "/api/v1/projects", roles(concerned), &list_projects});
  all.push_back({"POST", "/api/v1/projects", roles({kDataOwner}), &begin_project});
  all.push_back({"GET", "/api/v1/projects/{id}", roles(concerned), &get_project});
  all.push_back({"POST", "/api/v1/projects/{id}/{act}", roles({kDataOwner}), &act_on_project});
  const RoleSet lawyers = {kPolicyAdmin, kReviewer, kAuditor};
  all.push_back({"GET", "/api/v1/mechanisms", roles(lawyers), &list_mechanisms});
  all.push_back({"POST", "/api/v1/mechanisms", roles({kPolicyAdmin}), &register_mechanism});
  all.push_back({"POST", "/api/v1/mechanisms/{id}/withdraw", roles({kPolicyAdmin}), &withdraw_mechanism});
}

void add_policy(std::vector<Route>& all) {
  const RoleSet admins = {kPolicyAdmin};
  const RoleSet readers = {kPolicyAdmin, kReviewer, kAuditor};
  const RoleSet concerned = {kPolicyAdmin, kReviewer, kAuditor, kOperator};
  const std::string base = "/api/v1/policy";
  all.push_back({"GET", base, signed_in(), &get_policy});
  all.push_back({"POST", base + "/decide", signed_in(), &decide_request});
  all.push_back({"POST", base + "/check", roles(admins), &check_policy});
  all.push_back({"POST", base + "/simulate", roles(admins), &simulate_policy});
  all.push_back({"GET", base + "/proposals", roles(readers), &list_proposals, {"state"}});
  all.push_back({"POST", base + "/proposals", roles(admins), &propose_policy});
  all.push_back({"GET", base + "/proposals/{id}", roles(readers), &get_proposal});
  all.push_back({"POST", base + "/proposals/{id}/{answer}", roles(admins), &answer_proposal});
  all.push_back({"POST", base + "/activations", roles(admins), &activate_policy});
  all.push_back({"GET", base + "/history", roles(concerned), &policy_history});
  all.push_back({"GET", base + "/packs/{digest}", roles(readers), &get_pack});
  all.push_back({"GET", base + "/shadow", roles(readers), &get_shadow, {"since"}});
  all.push_back({"POST", base + "/shadow/stop", roles(admins), &stop_shadow});
  all.push_back({"GET", base + "/counters", roles(concerned), &get_counters, {"verify"}});
  all.push_back({"GET", base + "/warnings", roles(concerned), &list_policy_warnings});
}

void add_governance(std::vector<Route>& all) {
  all.push_back({"GET", "/api/v1/reviews", roles({kReviewer, kAuditor}), &list_reviews, {"state"}});
  all.push_back({"GET", "/api/v1/reviews/{id}", roles({kReviewer, kAuditor}), &get_review});
  all.push_back({"POST", "/api/v1/reviews/{id}/{answer}", roles({kReviewer}), &answer_review});
  std::vector<std::string> filters = filter_names();
  filters.emplace_back("format");
  all.push_back({"GET", "/api/v1/audit/export", roles({kAuditor}), &export_audit, filters});
  filters.pop_back();
  filters.insert(filters.end(), {"order", "limit", "cursor"});
  all.push_back({"GET", "/api/v1/audit/entries", roles({kAuditor}), &search_audit, filters});
  all.push_back({"GET", "/api/v1/audit/story", roles({kAuditor}), &audit_story, {"job", "crossing"}});
  all.push_back({"GET", "/api/v1/audit/reconcile", roles({kAuditor, kOperator}), &audit_reconcile});
  all.push_back(
      {"GET", "/api/v1/audit/statement", roles({kAuditor}), &tenant_statement, {"tenant", "month"}});
  all.push_back({"GET", "/api/v1/audit/people", roles({kAuditor}), &list_people});
  all.push_back({"GET", "/api/v1/audit/people/{tenant}/{name}", roles({kAuditor}), &show_person, {"reason"}});
  all.push_back({"POST", "/api/v1/audit/people/{tenant}/{name}/accounts", roles({kAuditor}), &link_person});
  all.push_back({"POST", "/api/v1/audit/people/{tenant}/{name}/{act}", roles({kAuditor}), &act_on_person});
  all.push_back({"GET", "/api/v1/audit/holds", roles({kAuditor}), &list_holds});
  all.push_back({"POST", "/api/v1/audit/holds", roles({kAuditor}), &place_hold});
  all.push_back({"POST", "/api/v1/audit/holds/lift", roles({kAuditor}), &lift_hold});
  all.push_back({"GET", "/api/v1/audit/entries/{sequence}", roles({kAuditor}), &get_audit_entry});
  all.push_back({"GET", "/log/{path...}", auditors_and_peers(), &log_file});
}

// C2SP tlog-witness: who asks proves himself by the signature on the checkpoint. Both prefixes are the same
// witness.
void add_witness(std::vector<Route>& all) {
  for (const std::string prefix : {"/witness", ""}) {
    all.push_back({"POST", prefix + "/add-checkpoint", open(), &add_checkpoint, {"*"}});
    all.push_back({"GET", prefix + "/{hash}/checkpoint", open(), &witnessed_checkpoint, {"*"}});
  }
  all.push_back({"GET", "/api/v1/witnesses", roles({kOperator, kAuditor}), &list_witnesses});
  all.push_back({"POST", "/api/v1/witnesses/{name}/resolve", roles({kOperator}), &resolve_witness});
  all.push_back({"POST", "/api/v1/ledger/rotation", roles({kOperator}), &rotate_log_key});
}

void add_uploads(std::vector<Route>& all) {
  const std::string base = "/api/v1/uploads";
  const RoleSet uploaders = {kSubmitter, kDataOwner};
  for (const std::string& path : {base, base + "/{id}"})
    all.push_back({"OPTIONS", path, open(), &describe_uploads, {"*"}});
  all.push_back({"GET", base, roles(uploaders), &list_uploads});
  all.push_back({"POST", base, roles(uploaders), &create_upload});
  all.push_back({"GET", base + "/{id}", roles(uploaders), &get_upload});
  all.push_back({"PATCH", base + "/{id}", roles(uploaders), &continue_upload});
  all.push_back({"DELETE", base + "/{id}", roles(uploaders), &delete_upload});
}

void add_sign_in(std::vector<Route>& all) {
  const std::string base = "/api/v1/sign-in";
  all.push_back({"GET", base, open(), &list_providers});
  all.push_back({"GET", base + "/{provider}", open(), &begin_sign_in, {"return_to"}});
  all.push_back({"GET", base + "/{provider}/callback", open(), &end_sign_in, {"*"}});
  all.push_back({"POST", base + "/{provider}/device", open(), &begin_device});
  all.push_back({"POST", base + "/{provider}/device/poll", open(), &poll_device});
  all.push_back({"POST", base + "/{provider}/logout", open(), &back_channel_logout});
  all.push_back({"POST", "/api/v1/sign-out", signed_in(), &sign_out});
  all.push_back({"GET", "/api/v1/sessions", signed_in(), &list_sessions, {"all"}});
  all.push_back({"DELETE", "/api/v1/sessions/{id}", signed_in(), &end_session});
  all.push_back({"GET", "/api/v1/tokens", signed_in(), &list_tokens, {"all"}});
  all.push_back({"POST", "/api/v1/tokens", signed_in(), &make_token});
  all.push_back({"DELETE", "/api/v1/tokens/{id}", signed_in(), &revoke_token});
  all.push_back({"GET", "/api/v1/events", signed_in(), &follow_events, {"kinds"}});
}

void add_operations(std::vector<Route>& all) {
  const RoleSet operators = {kOperator, kAuditor};
  all.push_back({"GET", "/api/v1/whoami", signed_in(), &who_am_i});
  all.push_back({"GET", "/api/v1/status", signed_in(), &get_status});
  all.push_back({"GET", "/api/v1/peers", signed_in(), &list_peers});
  all.push_back({"GET", "/api/v1/capacity", signed_in(), &get_capacity});
  all.push_back({"GET", "/api/v1/offers", signed_in(), &list_offers});
  all.push_back({"POST", "/api/v1/offers", roles({kOperator}), &publish_offer});
  all.push_back({"POST", "/api/v1/offers/{id}/withdraw", roles({kOperator}), &withdraw_offer});
  all.push_back({"GET", "/api/v1/certs", roles(operators), &get_certificates});
  all.push_back({"GET", "/api/v1/tenants", roles({kOperator, kPolicyAdmin, kAuditor}), &list_tenants});
  all.push_back({"GET", "/metrics", roles(operators), &metrics});
  all.push_back({"GET", "/healthz", open(), &healthz, {"*"}});
  all.push_back({"GET", "/readyz", open(), &readyz, {"*"}});
  all.push_back({"GET", "/api/v1/openapi.yaml", open(), &description, {"*"}});
  all.push_back({"GET", "/api/v1/activity", signed_in(), &get_activity, {"hours"}});
  all.push_back({"GET", "/console/", open(), &console_page, {"*"}});
  all.push_back({"GET", "/console/{path...}", open(), &console_page, {"*"}});
  all.push_back({"GET",
                 "/api/v1/usage",
                 roles({kSubmitter, kOperator, kAuditor}),
                 &get_usage,
                 {"since", "until", "tenant", "project"}});
}

std::vector<Route> make_routes() {
  std::vector<Route> all;
  add_tes(all, "");
  add_tes(all, "/projects/{project}");
  add_jobs(all);
  add_catalogue(all);
  add_policy(all);
  add_governance(all);
  add_uploads(all);
  add_sign_in(all);
  add_operations(all);
  add_witness(all);
  return all;
}

}  // namespace

const std::vector<Route>& routes() {
  static const std::vector<Route> kAll = make_routes();
  return kAll;
}

}  // namespace hetao::api
