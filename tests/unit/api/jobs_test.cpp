#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "gateway/api/url.h"
#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

constexpr const char* kWithOutput =
    R"({"name": "o", "executors": [{"image": "host", "command": ["true"]}],
        "outputs": [{"path": "/out/r.txt", "url": "result:r.txt"}]})";

std::string etag_of(const io::HttpResponse& response) {
  return std::string(response.headers.get("etag"));
}

// A model that leaves for Shenzhen waits for a reviewer, a data set for two.
std::string submit_held(TestGateway& gateway, const std::string& kind = "model") {
  gateway.happen(federation::PeerUp{"shenzhen"});
  const auto response = gateway.post(
      "/api/v1/jobs", gateway.submitter(),
      R"({"name": "h", "executors": [{"image": "host", "command": ["true"]}], "resources": {"zones": ["shenzhen"]},
          "inputs": [{"path": "/m", "content": "weights"}], "tags": {"input:/m": ")" +
          kind + "\"}}");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(object_of(response).at("decision"), "hold") << response.body;
  return std::string(object_of(response).at("id").as_string());
}

TEST(Jobs, SubmissionTellsDecisionPlacementAndWarnings) {
  TestGateway gateway;
  const auto response = gateway.post("/api/v1/jobs", gateway.submitter(),
                                     R"({"name": "x", "executors": [{"image": "host", "command": ["true"]}],
                                         "resources": {"backend_parameters": {"VmSize": "big"}}})");
  ASSERT_EQ(response.status, 200) << response.body;
  const json::object out = object_of(response);
  EXPECT_EQ(out.at("decision"), "permit");
  EXPECT_EQ(out.at("region"), "hongkong");
  EXPECT_EQ(out.at("warnings").as_array().size(), 1U);
  EXPECT_EQ(out.at("repeated"), false);
}

TEST(Jobs, OneJobShowsHistoryOutputsAndVerdict) {
  TestGateway gateway;
  const std::string id = gateway.submit(kWithOutput);
  const auto response = gateway.get("/api/v1/jobs/" + id, gateway.submitter());
  ASSERT_EQ(response.status, 200);
  const json::object job = object_of(response);
  EXPECT_EQ(job.at("state"), "complete");
  EXPECT_EQ(job.at("final"), true);
  EXPECT_EQ(job.at("outputs").at(0).at("state"), "available");
  EXPECT_GT(job.at("history").as_array().size(), 2U);
  EXPECT_FALSE(job.at("task").as_object().contains("id"));
}

TEST(Jobs, UnknownParametersAndCursorsAreHandled) {
  TestGateway gateway;
  for (int i = 0; i < 3; ++i) gateway.submit(kLeastTask);
  const auto wrong = gateway.get("/api/v1/jobs?stat=complete", gateway.submitter());
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(std::string(object_of(wrong).at("hint").as_string()).find("state"), std::string::npos);
  const json::object first = object_of(gateway.get("/api/v1/jobs?limit=2", gateway.submitter()));
  ASSERT_EQ(first.at("jobs").as_array().size(), 2U);
  const std::string cursor(first.at("next_cursor").as_string());
  const json::object second =
      object_of(gateway.get("/api/v1/jobs?limit=2&cursor=" + cursor, gateway.submitter()));
  EXPECT_EQ(second.at("jobs").as_array().size(), 1U);
  EXPECT_FALSE(second.contains("next_cursor"));
  EXPECT_EQ(gateway.get("/api/v1/jobs?limit=0", gateway.submitter()).status, 400);
  EXPECT_EQ(gateway.get("/api/v1/jobs?limit=%zz", gateway.submitter()).status, 400);
}

TEST(Jobs, ThoseInTheArchiveAreReadAsIfTheyWereOpen) {
  TestGateway gateway;
  const std::string id = gateway.submit(kWithOutput);
  const auto of_job = [&](const char* what) {
    return gateway.get("/api/v1/jobs/" + id + what, gateway.submitter()).body;
  };
  const auto all = [&] {
    return of_job("") + of_job("/logs") + gateway.get("/api/v1/jobs", gateway.auditor()).body +
           gateway.get("/api/v1/results/" + id, gateway.submitter()).body +
           gateway.get("/api/v1/results/" + id + "/r.txt", gateway.submitter()).body +
           gateway.get("/ga4gh/tes/v1/tasks/" + id + "?view=FULL", gateway.submitter()).body +
           gateway.get("/ga4gh/tes/v1/tasks?view=BASIC", gateway.submitter()).body;
  };
  const std::string before = all();
  gateway.happen(federation::TimePassed{});
  ASSERT_TRUE(gateway.core().jobs().empty());
  EXPECT_EQ(all(), before);
  EXPECT_EQ(gateway.get("/api/v1/jobs/" + id, gateway.token("eve", "cuhk", {"submitter"})).status, 404);
  EXPECT_EQ(gateway.post("/api/v1/jobs/" + id + "/cancel", gateway.submitter()).status, 200)
      << "over already";
}

TEST(Jobs, AreListedPageByPageAcrossTheArchive) {
  TestGateway gateway;
  std::vector<std::string> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(gateway.submit(kLeastTask));
  gateway.happen(federation::TimePassed{});
  gateway.happen(federation::TimePassed{});
  ASSERT_TRUE(gateway.core().jobs().empty());
  for (int i = 0; i < 3; ++i) ids.push_back(gateway.submit(kLeastTask));
  std::reverse(ids.begin(), ids.end());
  for (const std::string& who : {gateway.submitter(), gateway.auditor()}) {
    std::vector<std::string> listed;
    std::string cursor;
    do {
      const json::object page = object_of(gateway.get("/api/v1/jobs?limit=100&cursor=" + cursor, who));
      for (const json::value& job : page.at("jobs").as_array()) listed.emplace_back(job.at("id").as_string());
      cursor = page.contains("next_cursor") ? std::string(page.at("next_cursor").as_string()) : std::string();
    } while (!cursor.empty());
    EXPECT_EQ(listed, ids);
  }
  const json::object none = object_of(gateway.get("/api/v1/jobs?state=running", gateway.submitter()));
  EXPECT_TRUE(none.at("jobs").as_array().empty());
  EXPECT_FALSE(none.contains("next_cursor"));
}

TEST(Jobs, AnIdempotencyKeyIsKnownAfterItsJobWentToTheArchive) {
  TestGateway gateway;
  const auto submit = [&](const char* task) {
    return gateway.ask({"POST", "/api/v1/jobs", gateway.submitter(), task, {{"Idempotency-Key", "k1"}}});
  };
  const json::object first = object_of(submit(kLeastTask));
  gateway.happen(federation::TimePassed{});
  ASSERT_TRUE(gateway.core().jobs().empty());
  const json::object again = object_of(submit(kLeastTask));
  EXPECT_EQ(again.at("id"), first.at("id"));
  EXPECT_EQ(again.at("repeated"), true);
  EXPECT_EQ(submit(kWithOutput).status, 409);
  EXPECT_TRUE(gateway.core().jobs().empty());
}

TEST(Jobs, WaitingAnswersWhenTheJobChanges) {
  TestGateway gateway;
  gateway.runs_are_finished = false;
  const std::string id = gateway.submit(kLeastTask);
  const std::string known = etag_of(gateway.get("/api/v1/jobs/" + id, gateway.submitter()));
  gateway.happen_later(federation::CancelJob{0, id, {}}, Duration::millis(20));
  const auto response = gateway.ask(
      {"GET", "/api/v1/jobs/" + id + "?wait=30", gateway.submitter(), {}, {{"If-None-Match", known}}});
  ASSERT_EQ(response.status, 200);
  EXPECT_NE(etag_of(response), known);
  EXPECT_EQ(object_of(response).at("state"), "cancelled");
}

TEST(Jobs, WaitingEndsWith304WhenNothingChanges) {
  TestGateway gateway;
  const std::string id = gateway.submit(kLeastTask);
  const std::string known = etag_of(gateway.get("/api/v1/jobs/" + id, gateway.submitter()));
  const auto response = gateway.ask(
      {"GET", "/api/v1/jobs/" + id + "?wait=1", gateway.submitter(), {}, {{"If-None-Match", known}}});
  EXPECT_EQ(response.status, 304);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(gateway.get("/api/v1/jobs/" + id + "?wait=61", gateway.submitter()).status, 400);
}

TEST(Jobs, LogsShowWhatExecutorsWrote) {
  TestGateway gateway;
  const std::string id = gateway.submit(kLeastTask);
  const json::object logs = object_of(gateway.get("/api/v1/jobs/" + id + "/logs", gateway.submitter()));
  EXPECT_EQ(logs.at("complete"), true);
  EXPECT_EQ(logs.at("executors").at(0).at("stdout"), "said 0\n");
}

TEST(Jobs, LogsOfARunningJobAreWhatItWroteSoFar) {
  TestGateway gateway;
  gateway.runs_are_finished = false;
  const std::string id = gateway.submit(kLeastTask);
  const std::string path = "/api/v1/jobs/" + id + "/logs";
  const json::object logs = object_of(gateway.get(path, gateway.submitter()));
  EXPECT_EQ(logs.at("complete"), false);
  ASSERT_EQ(logs.at("executors").as_array().size(), 1U);
  EXPECT_EQ(logs.at("executors").at(0).at("stdout"), ("so far of " + id + ".1").c_str());
  // Contents are for the tenant that asked for them.
  EXPECT_EQ(gateway.get(path, gateway.auditor()).body.find("so far"), std::string::npos);
}

TEST(Jobs, LogsAreFollowedFromWhereTheReaderWas) {
  TestGateway gateway;
  gateway.runs_are_finished = false;
  const std::string id = gateway.submit(kLeastTask);
  const std::string path = "/api/v1/jobs/" + id + "/logs/new";
  const json::object first = object_of(gateway.get(path, gateway.submitter()));
  EXPECT_EQ(first.at("complete"), false);
  ASSERT_EQ(first.at("pieces").as_array().size(), 1U);
  EXPECT_EQ(first.at("pieces").at(0).at("text"), ("so far of " + id + ".1").c_str());
  const std::string next(first.at("next").as_string());
  EXPECT_EQ(
      object_of(gateway.get(path + "?after=" + next, gateway.submitter())).at("pieces").as_array().size(),
      0U);
  // Another attempt begins anew.
  EXPECT_EQ(
      object_of(gateway.get(path + "?after=9:400,0", gateway.submitter())).at("pieces").as_array().size(),
      1U);
  EXPECT_EQ(gateway.get(path + "?after=nonsense", gateway.submitter()).status, 400);
  EXPECT_EQ(gateway.get(path, gateway.token("eve", "cuhk", {"submitter"})).status, 404);
}

TEST(Jobs, ExplainTellsWhatNoPlatformHasFromWhatPolicyForbids) {
  TestGateway gateway;
  const auto response = gateway.post(
      "/api/v1/explain", gateway.submitter(),
      R"({"executors": [{"image": "x", "command": ["true"]}], "resources": {"cpu_cores": 4000, "zones": ["hongkong"]}})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(object_of(response).contains("unfit")) << response.body;
  const auto fits = gateway.post("/api/v1/explain", gateway.submitter(), kWithOutput);
  EXPECT_FALSE(object_of(fits).contains("unfit")) << fits.body;
}

TEST(Jobs, ExplainBooksNothing) {
  TestGateway gateway;
  const auto response = gateway.post("/api/v1/explain", gateway.submitter(), kWithOutput);
  ASSERT_EQ(response.status, 200) << response.body;
  const json::object out = object_of(response);
  EXPECT_EQ(out.at("decision"), "permit");
  EXPECT_EQ(out.at("candidates").at(0).at("region"), "hongkong");
  EXPECT_EQ(out.at("candidates").as_array().size(), 2U);
  EXPECT_TRUE(gateway.core().jobs().empty());
  // What is in the ledger besides: that these people were seen, and that somebody looked.
  for (const char* kind : {"decision", "job-state"}) {
    const auto found = gateway.get("/api/v1/audit/entries?kind=" + std::string(kind), gateway.auditor());
    EXPECT_TRUE(object_of(found).at("entries").as_array().empty()) << found.body;
  }
}

TEST(Results, AreDownloadedWholeAndInRanges) {
  TestGateway gateway;
  const std::string id = gateway.submit(kWithOutput);
  const json::object list = object_of(gateway.get("/api/v1/results/" + id, gateway.submitter()));
  const std::string digest(list.at("results").at(0).at("files").at(0).at("digest").as_string());
  const std::string target = "/api/v1/results/" + id + "/r.txt";
  const auto whole = gateway.get(target, gateway.submitter());
  ASSERT_EQ(whole.status, 200) << whole.body;
  ASSERT_TRUE(whole.file);
  EXPECT_EQ(etag_of(whole), "\"" + digest + "\"");
  std::ifstream file(whole.file->path);
  std::stringstream content;
  content << file.rdbuf();
  EXPECT_EQ(content.str(), "content of output 0");
  const auto part = gateway.ask({"GET", target, gateway.submitter(), {}, {{"Range", "bytes=8-"}}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.headers.get("content-range"), "bytes 8-18/19");
  EXPECT_EQ(part.file->offset, 8U);
  EXPECT_EQ(part.file->bytes, 11U);
  EXPECT_EQ(gateway.ask({"GET", target, gateway.submitter(), {}, {{"Range", "bytes=19-"}}}).status, 416);
  EXPECT_EQ(gateway.ask({"GET", target, gateway.submitter(), {}, {{"If-None-Match", etag_of(whole)}}}).status,
            304);
  EXPECT_EQ(
      gateway.ask({"GET", target, gateway.submitter(), {}, {{"Range", "bytes=8-"}, {"If-Range", "\"old\""}}})
          .status,
      200);
}

TEST(Results, AreForTheirTenantAlone) {
  TestGateway gateway;
  const std::string id = gateway.submit(kWithOutput);
  EXPECT_EQ(gateway.get("/api/v1/results/" + id + "/r.txt", gateway.auditor()).status, 403);
  EXPECT_EQ(
      gateway.get("/api/v1/results/" + id + "/r.txt", gateway.token("carl", "cuhk", {"submitter", "auditor"}))
          .status,
      404);
  EXPECT_EQ(gateway.get("/api/v1/results/" + id + "/other", gateway.submitter()).status, 404);
  EXPECT_EQ(gateway.get("/api/v1/results/" + id + "/r.txt/more", gateway.submitter()).status, 404);
  EXPECT_EQ(gateway.get("/api/v1/results/" + id + "/..%2f..%2fetc%2fpasswd", gateway.submitter()).status,
            404);
}

TEST(Reviews, AHeldJobIsLetThroughByAReviewerWithAReason) {
  TestGateway gateway;
  const std::string id = submit_held(gateway);
  const json::object job = object_of(gateway.get("/api/v1/jobs/" + id, gateway.submitter()));
  EXPECT_EQ(job.at("state"), "held");
  ASSERT_EQ(job.at("waits_for").as_array().size(), 1U);
  const std::string review =
      "/api/v1/reviews/" + percent_encode(std::string(job.at("waits_for").at(0).as_string()));
  const json::object open = object_of(gateway.get("/api/v1/reviews", gateway.reviewer()));
  ASSERT_EQ(open.at("reviews").as_array().size(), 1U);
  EXPECT_EQ(open.at("reviews").at(0).at("crossing").at("ours").at("rules").at(0).at("id"), "H1");
  EXPECT_EQ(gateway.get(review, gateway.reviewer()).status, 200);
  EXPECT_EQ(gateway.post(review + "/approve", gateway.reviewer(), R"({"reason": ""})").status, 400);
  EXPECT_EQ(gateway.post(review + "/approve", gateway.reviewer(), R"({"raeson": "x"})").status, 400);
  EXPECT_EQ(gateway.post(review + "/maybe", gateway.reviewer(), R"({"reason": "x"})").status, 404);
  const auto self =
      gateway.post(review + "/approve", gateway.token("alice", "hku", {"reviewer"}), R"({"reason": "mine"})");
  EXPECT_EQ(self.status, 403) << self.body;
  const auto done =
      gateway.post(review + "/approve", gateway.reviewer(), R"({"reason": "weights of public data"})");
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(object_of(done).at("state"), "approved");
  EXPECT_EQ(gateway.post(review + "/reject", gateway.reviewer(), R"({"reason": "late"})").status, 409);
  EXPECT_TRUE(object_of(gateway.get("/api/v1/reviews", gateway.reviewer())).at("reviews").as_array().empty());
  EXPECT_EQ(
      object_of(gateway.get("/api/v1/reviews?state=all", gateway.auditor())).at("reviews").as_array().size(),
      1U);
}

std::string review_of(TestGateway& gateway, const std::string& job) {
  const json::object shown = object_of(gateway.get("/api/v1/jobs/" + job, gateway.submitter()));
  return "/api/v1/reviews/" + percent_encode(std::string(shown.at("waits_for").at(0).as_string()));
}

// The name in the ledger of whoever has this token: the one that was not there before the call.
std::string ledger_name_of(TestGateway& gateway, const std::string& token) {
  const auto names = [&] {
    std::set<std::string> all;
    const json::object answer = object_of(gateway.get("/api/v1/audit/people", gateway.auditor()));
    for (const json::value& one : answer.at("people").as_array()) all.emplace(one.at("name").as_string());
    return all;
  };
  const std::set<std::string> before = names();
  gateway.get("/api/v1/status", token);
  for (const std::string& name : names())
    if (!before.contains(name)) return name;
  ADD_FAILURE() << "the caller was known before";
  return {};
}

int note_same(TestGateway& gateway, const std::string& one, const std::string& other, bool are_same) {
  const json::object body{{"reason", "staff list"}, {"other", other}, {"same", are_same}};
  return gateway.post("/api/v1/audit/people/" + one + "/accounts", gateway.auditor(), canonical_json(body))
      .status;
}

TEST(Reviews, ThePersonWhoSubmittedDoesNotReviewWithAnotherAccountEither) {
  TestGateway gateway;
  const std::string second = gateway.token("alice.wong", "cuhk", {"reviewer"});
  const std::string hers = ledger_name_of(gateway, second);
  const std::string submitter = ledger_name_of(gateway, gateway.submitter());
  const std::string review = review_of(gateway, submit_held(gateway));
  const std::string reason = R"({"reason": "looks fine"})";
  ASSERT_EQ(note_same(gateway, hers, submitter, true), 200);
  const auto refused = gateway.post(review + "/approve", second, reason);
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_NE(refused.body.find("another account"), std::string::npos) << refused.body;
  ASSERT_EQ(note_same(gateway, hers, submitter, false), 200);
  EXPECT_EQ(gateway.post(review + "/approve", second, reason).status, 200);
}

TEST(Reviews, WhoeverApprovedDoesNotApproveAgainWithAnotherAccount) {
  TestGateway gateway;
  const std::string first = gateway.token("chan", "cuhk", {"reviewer"});
  const std::string second = gateway.token("chan.tm", "office", {"reviewer"});
  const std::string one = ledger_name_of(gateway, first);
  const std::string other = ledger_name_of(gateway, second);
  const std::string review = review_of(gateway, submit_held(gateway, "dataset"));
  const std::string reason = R"({"reason": "looks fine"})";
  ASSERT_EQ(note_same(gateway, other, one, true), 200);
  const auto half = gateway.post(review + "/approve", first, reason);
  ASSERT_EQ(half.status, 200) << half.body;
  EXPECT_EQ(object_of(half).at("state"), "open");
  const auto refused = gateway.post(review + "/approve", second, reason);
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_NE(refused.body.find("another person"), std::string::npos) << refused.body;
  const auto whole = gateway.post(review + "/approve", gateway.reviewer(), reason);
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_NE(object_of(whole).at("state"), "open");
}

}  // namespace
}  // namespace hetao::api
