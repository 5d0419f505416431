#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/base/percent.h"
#include "gateway/ledger/evidence.h"
#include "gateway/ledger/tlog_proof.h"
#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

ledger::VerifierKey log_key(TestGateway& gateway) {
  const auto response = gateway.get("/log/log.vkey", gateway.auditor());
  EXPECT_EQ(response.status, 200) << response.body;
  const auto keys = ledger::parse_vkeys(response.body, "log.vkey");
  EXPECT_TRUE(keys && keys->size() == 1);
  return keys->front();
}

TEST(Audit, SearchFiltersOrdersAndPages) {
  TestGateway gateway;
  const std::string first = gateway.submit(kLeastTask);
  gateway.submit(kLeastTask);
  const json::object all = object_of(gateway.get("/api/v1/audit/entries?kind=job-state", gateway.auditor()));
  const auto size = all.at("entries").as_array().size();
  ASSERT_GT(size, 2U);
  std::vector<int64_t> newest_first;
  for (const json::value& entry : all.at("entries").as_array())
    newest_first.push_back(entry.at("sequence").to_number<int64_t>());
  const json::object of_job =
      object_of(gateway.get("/api/v1/audit/entries?order=asc&job=" + first, gateway.auditor()));
  ASSERT_FALSE(of_job.at("entries").as_array().empty());
  for (const json::value& entry : of_job.at("entries").as_array()) EXPECT_EQ(entry.at("job"), first.c_str());
  for (const char* order : {"asc", "desc"}) {
    std::vector<int64_t> seen;
    std::string cursor;
    for (size_t page = 0; page <= size; ++page) {
      const json::object out =
          object_of(gateway.get(std::string("/api/v1/audit/entries?kind=job-state&limit=2&order=") + order +
                                    (cursor.empty() ? "" : "&cursor=" + cursor),
                                gateway.auditor()));
      for (const json::value& entry : out.at("entries").as_array()) {
        seen.push_back(entry.as_object().contains("sequence") ? entry.at("sequence").to_number<int64_t>()
                                                              : 0);
      }
      if (!out.contains("next_cursor")) break;
      cursor = std::string(out.at("next_cursor").as_string());
    }
    if (std::string(order) == "asc") std::reverse(seen.begin(), seen.end());
    EXPECT_EQ(seen, newest_first) << order;
  }
  EXPECT_TRUE(object_of(gateway.get("/api/v1/audit/entries?since=2999-01-01T00:00:00Z", gateway.auditor()))
                  .at("entries")
                  .as_array()
                  .empty());
  for (const char* bad : {"?since=yesterday", "?order=up", "?cursor=x", "?kindd=x"}) {
    EXPECT_EQ(gateway.get(std::string("/api/v1/audit/entries") + bad, gateway.auditor()).status, 400) << bad;
  }
}

TEST(Audit, AnEntryComesWithAProofThatHolds) {
  TestGateway gateway;
  gateway.submit(kLeastTask);
  const auto response = gateway.get("/api/v1/audit/entries/1", gateway.auditor());
  ASSERT_EQ(response.status, 200) << response.body;
  const json::object out = object_of(response);
  const std::string text(out.at("text").as_string());
  const auto proof = ledger::parse_tlog_proof(out.at("proof").at("tlog_proof").as_string());
  ASSERT_TRUE(proof);
  const std::vector<ledger::VerifierKey> keys = {log_key(gateway)};
  EXPECT_TRUE(ledger::verify_tlog_proof(*proof, as_bytes(text), keys));
  EXPECT_FALSE(ledger::verify_tlog_proof(*proof, as_bytes(text + " "), keys));
  EXPECT_EQ(gateway.get("/api/v1/audit/entries/999", gateway.auditor()).status, 404);
  EXPECT_EQ(gateway.get("/api/v1/audit/entries/x", gateway.auditor()).status, 404);
}

TEST(Audit, AnExportVerifiesAndHoldsExactlyWhatMatches) {
  TestGateway gateway;
  const std::string id = gateway.submit(kLeastTask);
  gateway.submit(kLeastTask);
  const auto response = gateway.get("/api/v1/audit/export?job=" + id, gateway.auditor());
  ASSERT_EQ(response.status, 200) << response.body;
  ledger::EvidenceOptions options;
  options.log_keys = {log_key(gateway)};
  uint64_t seen = 0;
  options.on_entry = [&](uint64_t, const ledger::Entry& entry, std::string_view) {
    ++seen;
    EXPECT_EQ(entry.job, id);
  };
  const auto report = ledger::verify_evidence(response.body, options);
  ASSERT_TRUE(report) << to_line(report.error());
  EXPECT_GT(seen, 0U);
  EXPECT_TRUE(report->keys_are_pinned);
  std::string altered = response.body;
  altered[altered.find(id)] = 'x';
  EXPECT_FALSE(ledger::verify_evidence(altered, options));
}

TEST(Audit, TheLogIsServedAsTilesToAuditors) {
  TestGateway gateway;
  gateway.submit(kLeastTask);
  ASSERT_EQ(gateway.get("/api/v1/audit/entries/0", gateway.auditor()).status, 200);  // published by now
  const auto head = gateway.get("/log/checkpoint", gateway.auditor());
  ASSERT_EQ(head.status, 200);
  EXPECT_TRUE(head.body.starts_with("hetao/hongkong\n"));
  EXPECT_EQ(head.headers.get("cache-control"), "no-cache");
  const std::string size = head.body.substr(15, head.body.find('\n', 15) - 15);
  const auto tile = gateway.get("/log/tile/0/000.p/" + size, gateway.auditor());
  EXPECT_EQ(tile.status, 200);
  EXPECT_EQ(tile.body.size(), 32 * std::stoul(size));
  EXPECT_EQ(gateway.get("/log/entries/000.p/" + size, gateway.auditor()).body,
            gateway.get("/log/tile/entries/000.p/" + size, gateway.auditor()).body);
  for (const char* path :
       {"/log/../keys/log.key", "/log/%2e%2e/keys/log.key", "/log/wal", "/log/signing", "/log/x"}) {
    EXPECT_EQ(gateway.get(path, gateway.auditor()).status, 404) << path;
  }
}

size_t count_of(TestGateway& gateway, const std::string& query) {
  const auto response = gateway.get("/api/v1/audit/entries?" + query, gateway.auditor());
  EXPECT_EQ(response.status, 200) << response.body;
  return object_of(response).at("entries").as_array().size();
}

TEST(Audit, EveryFilterFindsWhatItNamesAndNothingElse) {
  TestGateway gateway;
  const std::string job = gateway.submit(kLeastTask);
  EXPECT_GT(count_of(gateway, "tenant=hku"), 0U);
  EXPECT_EQ(count_of(gateway, "tenant=szu"), 0U);
  EXPECT_EQ(count_of(gateway, "tenant=hku&user=alice&job=" + job),
            count_of(gateway, "job=" + job + "&kind=job-state"));
  EXPECT_EQ(count_of(gateway, "tenant=hku&user=bob"), 0U);
  EXPECT_GT(count_of(gateway, "text=complete"), 0U);
  EXPECT_EQ(count_of(gateway, "text=complete%20nonsense"), 0U);
  EXPECT_EQ(count_of(gateway, "bytes_min=1"), 0U);
  EXPECT_EQ(gateway.get("/api/v1/audit/entries?user=alice", gateway.auditor()).status, 400);
  const auto shown = object_of(gateway.get("/api/v1/audit/entries?limit=1", gateway.auditor()));
  const std::string local(shown.at("entries").at(0).at("time_local").as_string());
  EXPECT_TRUE(local.ends_with(" +08:00")) << local;
}

TEST(Audit, WhoLooksAtTheLogIsInTheLog) {
  TestGateway gateway;
  count_of(gateway, "kind=decision");
  const auto looks = object_of(gateway.get("/api/v1/audit/entries?kind=audit-access", gateway.auditor()))
                         .at("entries")
                         .as_array();
  ASSERT_EQ(looks.size(), 1U);
  EXPECT_EQ(looks[0].at("reason"), "search kind=decision");
  EXPECT_TRUE(std::string(looks[0].at("who").as_string()).starts_with("office/u-"));
}

TEST(Audit, EveryWayOfLookingAtTheLogIsInTheLog) {
  TestGateway gateway;
  gateway.submit(kLeastTask);
  ASSERT_EQ(gateway.get("/api/v1/audit/entries/0", gateway.auditor()).status, 200);  // publishes
  const auto head = ledger::open_checkpoint(gateway.get("/log/checkpoint", gateway.auditor()).body,
                                            std::vector{log_key(gateway)});
  ASSERT_TRUE(head);
  const std::string bundle = "/log/tile/entries/000.p/" + std::to_string(head->checkpoint.size);
  const std::pair<std::string, std::string> ways[] = {
      {"/api/v1/audit/reconcile", "reconcile"},
      {"/api/v1/audit/people", "people"},
      {"/api/v1/audit/statement?tenant=hku&month=2026-11", "statement"},
      {"/api/v1/audit/export?format=jsonl", "export"},
      {bundle, "log files"}};
  for (const auto& [path, word] : ways) {
    const std::string query = "kind=audit-access&text=" + percent_encode(word);
    EXPECT_EQ(count_of(gateway, query), 0U) << word;
    ASSERT_EQ(gateway.get(path, gateway.auditor()).status, 200) << path;
    ASSERT_EQ(gateway.get(path, gateway.auditor()).status, 200) << "once a minute is enough";
    const auto looks =
        object_of(gateway.get("/api/v1/audit/entries?" + query, gateway.auditor())).at("entries").as_array();
    const auto those = std::count_if(looks.begin(), looks.end(), [&](const json::value& look) {
      return std::string(look.at("reason").as_string()).starts_with(word);
    });
    EXPECT_EQ(those, 1) << word;
  }
}

TEST(Audit, NamesInTheLedgerSayNothingWithoutTheRegister) {
  TestGateway gateway;
  gateway.submit(kLeastTask);
  const auto everything = gateway.get("/api/v1/audit/export?format=jsonl", gateway.auditor());
  ASSERT_EQ(everything.status, 200);
  EXPECT_EQ(everything.body.find("alice"), std::string::npos);
  const auto people =
      object_of(gateway.get("/api/v1/audit/people", gateway.auditor())).at("people").as_array();
  std::string name;
  for (const json::value& one : people)
    if (std::string(one.at("name").as_string()).starts_with("hku/"))
      name = std::string(one.at("name").as_string());
  ASSERT_FALSE(name.empty());
  EXPECT_EQ(gateway.get("/api/v1/audit/people/" + name, gateway.auditor()).status, 400);
  const auto shown =
      object_of(gateway.get("/api/v1/audit/people/" + name + "?reason=asked", gateway.auditor()));
  EXPECT_EQ(shown.at("user"), "alice");
  // A period runs (an hour in this gateway), so the name is kept; and a hold keeps it in any case.
  const std::string reason = R"({"reason": "a request under PIPL art. 47"})";
  EXPECT_EQ(gateway.post("/api/v1/audit/people/" + name + "/erase", gateway.auditor(), reason).status, 403);
  EXPECT_EQ(object_of(gateway.post("/api/v1/audit/people/" + name + "/restrict", gateway.auditor(), reason))
                .at("state"),
            "restricted");
  EXPECT_EQ(
      object_of(gateway.post("/api/v1/audit/people/" + name + "/hold", gateway.auditor(), reason)).at("hold"),
      "a request under PIPL art. 47");
  EXPECT_GT(count_of(gateway, "kind=admin&text=PIPL"), 0U);
  EXPECT_EQ(gateway.get("/api/v1/audit/people", gateway.submitter()).status, 403);
}

TEST(Audit, AMatterHoldsThePeopleOfAJobUntilItIsLifted) {
  TestGateway gateway;
  const std::string job = gateway.submit(kLeastTask);
  const auto post = [&](const std::string& path, const std::string& body) {
    return gateway.post("/api/v1/audit/" + path, gateway.auditor(), body);
  };
  const std::string name = gateway.core().job(job)->submitter().ledger_name();
  const std::string hold = R"({"matter": "HCA 12/2026", "reason": "discovery", "job": ")" + job + R"("})";
  const auto placed = object_of(post("holds", hold));
  EXPECT_EQ(placed.at("people").as_array(), json::array{name});
  EXPECT_EQ(post("holds", hold).status, 400);
  const auto listed = object_of(gateway.get("/api/v1/audit/holds", gateway.auditor())).at("holds").as_array();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].at("matter"), "HCA 12/2026");
  const auto people =
      object_of(gateway.get("/api/v1/audit/people", gateway.auditor())).at("people").as_array();
  for (const json::value& one : people)
    EXPECT_EQ(one.as_object().contains("hold"), one.at("name").as_string() == name);
  EXPECT_EQ(count_of(gateway, "kind=admin&text=discovery"), 1U);
  const std::string lift = R"({"matter": "HCA 12/2026", "reason": "settled out of court"})";
  EXPECT_EQ(post("holds/lift", lift).status, 200);
  EXPECT_EQ(post("holds/lift", lift).status, 404);
  EXPECT_EQ(count_of(gateway, "kind=admin&text=settled"), 1U);

  EXPECT_EQ(post("holds", R"({"matter": "m", "reason": "r"})").status, 400) << "holds nobody";
  EXPECT_EQ(post("holds", R"({"matter": "m", "reason": "r", "job": "j-none"})").status, 404);
  EXPECT_EQ(post("holds", R"({"matter": "m", "reason": "r", "people": ["hku/u-0"]})").status, 404);
  EXPECT_EQ(post("holds", R"({"matter": "", "reason": "r", "everybody": true})").status, 400);
  EXPECT_EQ(post("holds", R"({"matter": "a\nb", "reason": "r", "everybody": true})").status, 400);
  EXPECT_EQ(post("holds", R"({"matter": "m", "reason": "r", "everybody": 1})").status, 400);
  EXPECT_EQ(post("holds", R"({"matter": "m", "reason": "r", "tenants": "hku"})").status, 400);
  EXPECT_EQ(gateway.get("/api/v1/audit/holds", gateway.submitter()).status, 403);
}

TEST(Audit, TwoAccountsCanBeNotedAsOnePersons) {
  TestGateway gateway;
  const std::string job = gateway.submit(kLeastTask);
  const std::string name = gateway.core().job(job)->submitter().ledger_name();
  const auto link = [&](const std::string& other, const std::string& same) {
    return gateway.post(
        "/api/v1/audit/people/" + name + "/accounts", gateway.auditor(),
        R"({"reason": "an account at the partner", "other": ")" + other + R"(", "same": )" + same + "}");
  };
  const std::string other = "szu/u-0123456789abcdef";
  EXPECT_EQ(object_of(link(other, "true")).at("same_as").as_array(), json::array{other});
  EXPECT_EQ(link(other, "true").status, 400);
  EXPECT_EQ(object_of(link(other, "false")).contains("same_as"), false);
  for (const char* bad : {"szu/alice", "/u-0123456789abcdef", "szu/u-0123456789ABCDEF", ""})
    EXPECT_EQ(link(bad, "true").status, 400) << bad;
  EXPECT_EQ(link(name, "true").status, 400);
  EXPECT_EQ(link(other, "1").status, 400);
  EXPECT_EQ(count_of(gateway, "kind=admin&text=partner"), 2U);
}

// What the core keeps names people as the ledger does; their own tenant sees the names that they sign in
// with, as long as these may be used.
TEST(Audit, ThePersonsNameStandsInTheRegisterAlone) {
  TestGateway gateway;
  const std::string id = gateway.submit(kLeastTask);
  const pb::Job& job = *gateway.core().job(id);
  EXPECT_EQ(job.SerializeAsString().find("alice"), std::string::npos);
  for (const auto& [key, crossing] : gateway.core().crossings())
    EXPECT_EQ(crossing.SerializeAsString().find("alice"), std::string::npos);
  const auto user_for = [&](const std::string& token) {
    return std::string(object_of(gateway.get("/api/v1/jobs/" + id, token)).at("user").as_string());
  };
  const std::string pseudonym = job.submitter().user();
  EXPECT_TRUE(pseudonym.starts_with("u-")) << pseudonym;
  EXPECT_EQ(job.submitter().ledger_name(), "hku/" + pseudonym);
  EXPECT_EQ(user_for(gateway.submitter()), "alice");
  EXPECT_EQ(user_for(gateway.auditor()), pseudonym);
  const auto jobs_of = [&](const std::string& user) {
    return object_of(gateway.get("/api/v1/jobs?user=" + user, gateway.submitter()))
        .at("jobs")
        .as_array()
        .size();
  };
  EXPECT_EQ(jobs_of("alice"), 1U);
  EXPECT_EQ(jobs_of(pseudonym), 1U);
  EXPECT_EQ(jobs_of("bob"), 0U);
  const std::string reason = R"({"reason": "asked for it"})";
  ASSERT_EQ(
      gateway.post("/api/v1/audit/people/hku/" + pseudonym + "/restrict", gateway.auditor(), reason).status,
      200);
  EXPECT_EQ(user_for(gateway.submitter()), pseudonym);
}

TEST(Audit, ExportsComeInTheFormsThatWereAskedFor) {
  TestGateway gateway;
  const std::string job = gateway.submit(kLeastTask);
  const auto csv = gateway.get("/api/v1/audit/export?format=csv&job=" + job, gateway.auditor());
  EXPECT_TRUE(csv.body.starts_with("sequence,time_utc,time_plus_0800,")) << csv.body;
  EXPECT_NE(csv.body.find(job), std::string::npos);
  EXPECT_EQ(csv.headers.get("content-type"), "text/csv; charset=utf-8");
  const auto html = gateway.get("/api/v1/audit/export?format=html&job=" + job, gateway.auditor());
  EXPECT_NE(html.body.find("+08:00"), std::string::npos);
  const auto ocsf = gateway.get("/api/v1/audit/export?format=ocsf&job=" + job, gateway.auditor());
  const auto first = parse_json(ocsf.body.substr(0, ocsf.body.find('\n')), "ocsf");
  ASSERT_TRUE(first) << ocsf.body;
  EXPECT_EQ(first->at("class_uid"), 6003);
  EXPECT_EQ(gateway.get("/api/v1/audit/export?format=pdf", gateway.auditor()).status, 400);
}

TEST(Audit, AStatementIsSignedAndIsNoCheckpoint) {
  TestGateway gateway;
  gateway.submit(kLeastTask);
  const auto month = object_of(gateway.get("/api/v1/audit/entries?limit=1", gateway.auditor()))
                         .at("entries")
                         .at(0)
                         .at("time_local");
  const auto response =
      gateway.get("/api/v1/audit/statement?tenant=hku&month=" + std::string(month.as_string()).substr(0, 7),
                  gateway.auditor());
  ASSERT_EQ(response.status, 200) << response.body;
  const auto note = ledger::parse_note(response.body);
  ASSERT_TRUE(note);
  EXPECT_TRUE(ledger::verify_note(*note, std::vector{log_key(gateway)}));
  EXPECT_FALSE(ledger::parse_checkpoint(note->text));
  EXPECT_NE(note->text.find("jobs-completed 1\n"), std::string::npos) << note->text;
  EXPECT_EQ(gateway.get("/api/v1/audit/statement?tenant=hku&month=November", gateway.auditor()).status, 400);
}

}  // namespace
}  // namespace hetao::api
