#include <gtest/gtest.h>

#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

std::string task_named(const std::string& name, const std::string& more = "") {
  return R"({"name": ")" + name + R"(", "executors": [{"image": "host", "command": ["true"]}])" + more + "}";
}

std::vector<std::string> names(const io::HttpResponse& response) {
  std::vector<std::string> out;
  const json::object listed = object_of(response);
  for (const json::value& task : listed.at("tasks").as_array()) {
    out.emplace_back(task.at("name").as_string());
  }
  return out;
}

TEST(Tes, ServiceInfoHasWhatGa4ghRequires) {
  TestGateway gateway;
  const json::object info = object_of(gateway.get("/ga4gh/tes/v1/service-info", ""));
  for (const char* member : {"id", "name", "type", "organization", "version"})
    EXPECT_TRUE(info.contains(member));
  EXPECT_EQ(info.at("type").at("artifact"), "tes");
  EXPECT_TRUE(info.at("organization").as_object().contains("url"));
}

TEST(Tes, ATaskRunsAndIsSeenInAllThreeViews) {
  TestGateway gateway;
  const std::string id = gateway.submit(
      R"({"name": "t", "executors": [{"image": "host", "command": ["sh", "-c", "x"]}],
          "inputs": [{"path": "/job/x.py", "content": "print 1"
}],
          "outputs": [{"path": "/out/r", "url": "result:r"}], "tags": {"a": "b"}
})");
  const json::object least = object_of(gateway.get("/ga4gh/tes/v1/tasks/" + id, gateway.submitter()));
  EXPECT_EQ(least.size(), 2U);
  EXPECT_EQ(least.at("state"), "COMPLETE");
  const json::object basic =
      object_of(gateway.get("/ga4gh/tes/v1/tasks/" + id + "?view=BASIC", gateway.submitter()));
  EXPECT_FALSE(basic.at("inputs").at(0).as_object().contains("content"));
  const json::object full =
      object_of(gateway.get("/ga4gh/tes/v1/tasks/" + id + "?view=FULL", gateway.submitter()));
  EXPECT_EQ(full.at("inputs").at(0).at("content"), "print 1");
  EXPECT_EQ(full.at("logs").at(0).at("logs").at(0).at("stdout"), "said 0\n");
  EXPECT_EQ(full.at("logs").at(0).at("outputs").at(0).at("url"), "result:r");
  EXPECT_EQ(gateway.get("/ga4gh/tes/v1/tasks/" + id + "?view=ALL", gateway.submitter()).status, 400);
}

TEST(Tes, AWrongTaskIsRefusedWithPointersAndNothingIsMade) {
  TestGateway gateway;
  const auto response = gateway.post("/ga4gh/tes/v1/tasks", gateway.submitter(),
                                     R"({"executors": [{"imgae": "x", "command": []}]})");
  EXPECT_EQ(response.status, 400);
  EXPECT_TRUE(response.reason.starts_with("Bad Request: /executors/0")) << response.reason;
  EXPECT_EQ(object_of(response).at("mistakes").as_array().size(), 3U);
  EXPECT_EQ(gateway.post("/ga4gh/tes/v1/tasks", gateway.submitter(), "{not json").status, 400);
  EXPECT_EQ(gateway.post("/ga4gh/tes/v1/tasks", gateway.submitter(), "").status, 400);
  EXPECT_TRUE(gateway.core().jobs().empty());
}

// What only the core can know is told in the same form.
TEST(Tes, AnUnknownDatasetIsAMistakeAtItsPointer) {
  TestGateway gateway;
  const auto response =
      gateway.post("/ga4gh/tes/v1/tasks", gateway.submitter(),
                   task_named("x", R"(, "inputs": [{"path": "/d", "url": "dataset:nope"}])"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(object_of(response).at("mistakes").at(0).at("pointer"), "/inputs/0/url");
}

TEST(Tes, FilesOutsideTheStagingFoldersAreRefused) {
  TestGateway gateway;
  const auto response =
      gateway.post("/ga4gh/tes/v1/tasks", gateway.submitter(),
                   task_named("x", R"(, "inputs": [{"path": "/d", "url": "file:///etc/passwd"}])"));
  EXPECT_EQ(response.status, 400) << response.body;
  EXPECT_EQ(object_of(response).at("mistakes").at(0).at("pointer"), "/inputs/0/url");
  EXPECT_TRUE(gateway.core().jobs().empty());
}

// py-tes shows the status line alone, others the body: both name the rule and the decision.
TEST(Tes, AForbiddenTaskNamesRuleAndDecisionInReasonAndBody) {
  TestGateway gateway;
  gateway.happen(federation::PeerUp{"shenzhen"});
  const auto response = gateway.post(
      "/ga4gh/tes/v1/tasks", gateway.submitter(),
      task_named("x",
                 R"(, "resources": {"zones": ["shenzhen"]}, "inputs": [{"path": "/t.csv", "content": "a,1"}],
                        "tags": {"input:/t.csv": "aggregate"})"));
  EXPECT_EQ(response.status, 403) << response.body;
  EXPECT_NE(response.reason.find("F2"), std::string::npos) << response.reason;
  EXPECT_NE(response.reason.find("decision "), std::string::npos) << response.reason;
  const json::object problem = object_of(response);
  EXPECT_EQ(problem.at("code"), "forbidden");
  EXPECT_EQ(problem.at("verdict").at("rules").at(0).at("id"), "F2");
  EXPECT_FALSE(problem.at("decision_id").as_string().empty());
}

TEST(Tes, ListsAreNewestFirstFilteredAndPaged) {
  TestGateway gateway;
  for (int i = 0; i < 5; ++i) {
    gateway.submit(task_named("n" + std::to_string(i),
                              R"(, "tags": {"i": ")" + std::to_string(i) + R"(", "foo": "bar"})"));
  }
  const std::string base = "/ga4gh/tes/v1/tasks?view=BASIC";
  const std::string who = gateway.submitter();
  EXPECT_EQ(names(gateway.get(base, who)), (std::vector<std::string>{"n4", "n3", "n2", "n1", "n0"}));
  EXPECT_EQ(names(gateway.get(base + "&name_prefix=n2", who)), (std::vector<std::string>{"n2"}));
  EXPECT_EQ(names(gateway.get(base + "&tag_key=foo&tag_key=i&tag_value=bar&tag_value=3", who)),
            (std::vector<std::string>{"n3"}));
  EXPECT_EQ(names(gateway.get(base + "&tag_key=i&tag_key=foo&tag_value=1", who)),
            (std::vector<std::string>{"n1"}));
  EXPECT_TRUE(names(gateway.get(base + "&tag_key=foo&tag_value=baz", who)).empty());
  EXPECT_TRUE(names(gateway.get(base + "&tag_key=nothing", who)).empty());
  EXPECT_EQ(names(gateway.get(base + "&state=COMPLETE", who)).size(), 5U);
  EXPECT_TRUE(names(gateway.get(base + "&state=RUNNING", who)).empty());
  for (const char* bad : {"&state=DONE", "&page_size=0", "&page_size=9999", "&page_size=x", "&tag_value=1"}) {
    EXPECT_EQ(gateway.get(base + bad, who).status, 400) << bad;
  }
}

TEST(Tes, PagesDontShiftWhenTasksAreAdded) {
  TestGateway gateway;
  for (int i = 0; i < 5; ++i) gateway.submit(task_named("n" + std::to_string(i)));
  std::vector<std::string> seen;
  std::string token;
  for (int page = 0; page < 4; ++page) {
    const auto response = gateway.get(
        "/ga4gh/tes/v1/tasks?view=BASIC&page_size=2" + (token.empty() ? "" : "&page_token=" + token),
        gateway.submitter());
    for (const std::string& name : names(response)) seen.push_back(name);
    const json::object list = object_of(response);
    if (!list.contains("next_page_token")) break;
    token = std::string(list.at("next_page_token").as_string());
    gateway.submit(task_named("late" + std::to_string(page)));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"n4", "n3", "n2", "n1", "n0"}));
}

TEST(Tes, OtherTenantsTasksLookAsIfTheyWereNotThere) {
  TestGateway gateway;
  const std::string id = gateway.submit(kLeastTask);
  const std::string other = gateway.token("carl", "cuhk", {"submitter"});
  const auto foreign = gateway.get("/ga4gh/tes/v1/tasks/" + id, other);
  const auto absent = gateway.get("/ga4gh/tes/v1/tasks/nothing", other);
  EXPECT_EQ(foreign.status, 404);
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(object_of(foreign).size(), object_of(absent).size());
  EXPECT_EQ(gateway.post("/ga4gh/tes/v1/tasks/" + id + ":cancel", other).status, 404);
  EXPECT_TRUE(object_of(gateway.get("/ga4gh/tes/v1/tasks", other)).at("tasks").as_array().empty());
  EXPECT_EQ(gateway.get("/ga4gh/tes/v1/tasks/" + id, gateway.auditor()).status, 200);
}

TEST(Tes, AProjectInThePathHoldsItsTasksAlone) {
  TestGateway gateway;
  const auto made = gateway.post("/projects/lab-7/ga4gh/tes/v1/tasks", gateway.submitter(), kLeastTask);
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string id(object_of(made).at("id").as_string());
  EXPECT_EQ(gateway.core().job(id)->project(), "lab-7");
  gateway.submit(kLeastTask);
  EXPECT_EQ(object_of(gateway.get("/projects/lab-7/ga4gh/tes/v1/tasks", gateway.submitter()))
                .at("tasks")
                .as_array()
                .size(),
            1U);
  EXPECT_EQ(gateway.get("/projects/other/ga4gh/tes/v1/tasks/" + id, gateway.submitter()).status, 404);
  EXPECT_EQ(object_of(gateway.get("/ga4gh/tes/v1/tasks", gateway.submitter())).at("tasks").as_array().size(),
            2U);
}

TEST(Tes, CancellingTwiceOrAfterTheEndIsFine) {
  TestGateway gateway;
  gateway.runs_are_finished = false;
  const std::string id = gateway.submit(kLeastTask);
  for (int i = 0; i < 2; ++i) {
    const auto response = gateway.post("/ga4gh/tes/v1/tasks/" + id + ":cancel", gateway.submitter());
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.body, "{}");
  }
  EXPECT_EQ(object_of(gateway.get("/ga4gh/tes/v1/tasks/" + id, gateway.submitter())).at("state"), "CANCELED");
}

TEST(Tes, TheSameKeyAndTaskIsTheSameJob) {
  TestGateway gateway;
  const auto send = [&](const char* key, const std::string& task) {
    return gateway.ask(
        {"POST", "/ga4gh/tes/v1/tasks", gateway.submitter(), task, {{"Idempotency-Key", key}}});
  };
  const auto first = send("k1", kLeastTask);
  const auto again = send("k1", kLeastTask);
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(first.body, again.body);
  EXPECT_EQ(send("k1", task_named("other")).status, 409);
  EXPECT_NE(send("k2", kLeastTask).body, first.body);
  EXPECT_EQ(send("k\n", kLeastTask).status, 400);
  EXPECT_EQ(gateway.core().jobs().size(), 2U);
}

TEST(Tes, ProbesOfOtherPrefixesAreAPlain404BeforeSignIn) {
  TestGateway gateway;
  for (const char* path : {"/v1/tasks", "/tasks", "/", "/ga4gh/tes/v1/other"}) {
    const auto response = gateway.post(path, "", kLeastTask);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(response.body, "not found\n");
  }
}

}  // namespace
}  // namespace hetao::api
