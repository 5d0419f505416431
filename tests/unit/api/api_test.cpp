#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gateway/console/assets.h"
#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

TEST(Api, WrongMethodsAreNamedAndHeadWorks) {
  TestGateway gateway;
  const auto response = gateway.ask({"DELETE", "/api/v1/jobs", gateway.submitter()});
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.get("allow"), "GET, HEAD, POST");
  EXPECT_EQ(gateway.ask({"HEAD", "/healthz", ""}).status, 200);
}

TEST(Console, IsServedWithoutSignInOrSaysThatItWasNotBuilt) {
  TestGateway gateway;
  const auto page = gateway.get("/console/jobs/some-job?tab=logs", "");
  if (console::assets().empty()) {
    EXPECT_EQ(page.status, 503);
    EXPECT_NE(page.body.find("was not built"), std::string::npos);
    return;
  }
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.get("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.get("cache-control"), "no-cache");
  EXPECT_NE(page.headers.get("content-security-policy").find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.headers.get("content-security-policy").find("unsafe"), std::string::npos);
  const console::Asset* script = nullptr;
  for (const console::Asset& asset : console::assets()) {
    if (asset.immutable) script = &asset;
  }
  ASSERT_NE(script, nullptr);
  const auto file = gateway.get("/console/" + std::string(script->path), "");
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(file.body, script->bytes);
  EXPECT_EQ(file.headers.get("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(gateway.get("/console/assets/gone.js", "").status, 404);
}

TEST(Activity, CountsTheHours) {
  TestGateway gateway;
  EXPECT_EQ(gateway.get("/api/v1/activity", "").status, 401);
  const json::object day = object_of(gateway.get("/api/v1/activity", gateway.submitter()));
  EXPECT_EQ(day.at("hours").as_array().size(), 24U);
  EXPECT_EQ(
      object_of(gateway.get("/api/v1/activity?hours=2", gateway.submitter())).at("hours").as_array().size(),
      2U);
  EXPECT_EQ(gateway.get("/api/v1/activity?hours=0", gateway.submitter()).status, 400);
}

TEST(Datasets, AreRegisteredWithLabelsFromTheStagingFolder) {
  TestGateway gateway;
  write(gateway.staging_folder() + "/signs/a.csv", "1,2\n");
  write(gateway.staging_folder() + "/signs/sub/b.csv", "3,4\n");
  const std::string body = R"({"id": "signs", "title": "Signs", "licence": "CC0", "url": "file://)" +
                           gateway.staging_folder() +
                           R"(/signs", "labels": {"data.grade": "general", "data.personal": "none"}})";
  const auto made = gateway.post("/api/v1/datasets", gateway.owner(), body);
  ASSERT_EQ(made.status, 200) << made.body;
  const json::object dataset = object_of(made);
  EXPECT_EQ(dataset.at("owner"), "hku");
  EXPECT_EQ(dataset.at("files"), 2);
  EXPECT_EQ(dataset.at("bytes"), 8);
  EXPECT_EQ(dataset.at("labels").at("data.grade"), "general");
  EXPECT_EQ(object_of(gateway.get("/api/v1/datasets", gateway.submitter())).at("datasets").as_array().size(),
            1U);
  EXPECT_EQ(object_of(gateway.get("/api/v1/datasets/signs", gateway.submitter())).at("version"), 1);
  const std::string stranger = gateway.token("carl", "cuhk", {"data-owner"});
  EXPECT_EQ(gateway.post("/api/v1/datasets", stranger, body).status, 403);
  EXPECT_EQ(gateway.post("/api/v1/datasets/signs/retire", stranger).status, 403);
  EXPECT_EQ(gateway.post("/api/v1/datasets/signs/retire", gateway.owner()).status, 200);
  EXPECT_TRUE(
      object_of(gateway.get("/api/v1/datasets", gateway.submitter())).at("datasets").as_array().empty());
  EXPECT_EQ(object_of(gateway.get("/api/v1/datasets?retired=true", gateway.submitter()))
                .at("datasets")
                .as_array()
                .size(),
            1U);
}

TEST(Datasets, WrongRegistrationsAreRefusedWithEveryMistake) {
  TestGateway gateway;
  const auto response =
      gateway.post("/api/v1/datasets", gateway.owner(),
                   R"({"id": "Bad Id", "url": "file:///etc", "labels": {"data.garde": "x"}})");
  ASSERT_EQ(response.status, 400);
  EXPECT_EQ(object_of(response).at("mistakes").as_array().size(), 3U) << response.body;
  for (const char* body : {"", "[]", "{}", R"({"id": "x"})", R"({"id": "x", "url": "file:///x"})",
                           R"({"id": 1, "url": "file:///x", "labels": {}})",
                           R"({"id": "x", "url": "file:///x", "labels": {}, "ttle": "y"})"}) {
    EXPECT_EQ(gateway.post("/api/v1/datasets", gateway.owner(), body).status, 400) << body;
  }
  const auto foreign = gateway.post(
      "/api/v1/datasets", gateway.owner(),
      R"({"id": "x", "url": "file://)" + gateway.staging_folder() + R"(", "owner": "cuhk", "labels": {}})");
  EXPECT_EQ(foreign.status, 403) << foreign.body;
  EXPECT_TRUE(gateway.core().datasets().empty());
}

TEST(Mechanisms, AreFiledListedAndWithdrawn) {
  TestGateway gateway;
  const auto made =
      gateway.post("/api/v1/mechanisms", gateway.admin(),
                   R"({"id": "GBA-2026-7", "kind": "gba-sc", "exporter": "hku", "recipient": "szu",
                                     "status": "effective", "from": "2026-01-01", "until": "2028-01-01"})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(object_of(made).at("until"), "2028-01-01");
  EXPECT_TRUE(object_of(made).at("registered_by").as_string().starts_with("office/u-"));
  const auto withdrawn = gateway.post("/api/v1/mechanisms/GBA-2026-7/withdraw", gateway.admin());
  ASSERT_EQ(withdrawn.status, 200);
  EXPECT_EQ(object_of(withdrawn).at("withdrawn"), true);
  EXPECT_EQ(gateway.post("/api/v1/mechanisms/none/withdraw", gateway.admin()).status, 404);
  const char* wrong[] = {
      R"({"id": "a", "kind": "handshake", "exporter": "x", "recipient": "y", "status": "effective"})",
      R"({"id": "a", "kind": "gba-sc", "exporter": "x", "recipient": "y", "status": "nice"})",
      R"({"id": "a", "kind": "gba-sc", "exporter": "x", "recipient": "y", "status": "effective", "from": "soon"})",
      R"({"id": "a", "kind": "gba-sc", "exporter": "x", "recipient": "y", "status": "effective",
          "from": "2026-02-01", "until": "2026-01-01"})",
      R"({"id": "a/b", "kind": "gba-sc", "exporter": "x", "recipient": "y", "status": "effective"})",
      R"({"id": "a", "kind": "gba-sc", "recipient": "y", "status": "effective"})"};
  for (const char* body : wrong)
    EXPECT_EQ(gateway.post("/api/v1/mechanisms", gateway.admin(), body).status, 400) << body;
}

TEST(Policy, ShowsRulesAndDecides) {
  TestGateway gateway;
  const json::object policy = object_of(gateway.get("/api/v1/policy", gateway.submitter()));
  EXPECT_EQ(policy.at("rules").as_array().size(), 6U);
  EXPECT_EQ(policy.at("digest").as_string().size(), 64U);
  const auto decided =
      gateway.post("/api/v1/policy/decide", gateway.submitter(),
                   R"({"action": "cross", "item.kind": "result", "data.grade": "important"})");
  ASSERT_EQ(decided.status, 200) << decided.body;
  EXPECT_EQ(object_of(decided).at("decision"), "forbid");
  EXPECT_EQ(gateway.post("/api/v1/policy/decide", gateway.submitter(), R"({"item.knid": "x"})").status, 400);
}

TEST(Usage, WhoAsksForAnotherTenantsIsToldNo) {
  TestGateway gateway;
  const std::string eve = gateway.token("eve", "cuhk", {"submitter"});
  EXPECT_EQ(gateway.get("/api/v1/usage?tenant=cuhk", eve).status, 200);
  EXPECT_EQ(gateway.get("/api/v1/usage?tenant=hku", eve).status, 403);
  EXPECT_EQ(gateway.get("/api/v1/usage?tenant=hku", gateway.auditor()).status, 200);
}

TEST(Operations, StatusPeersCapacityAndMetricsTell) {
  TestGateway gateway;
  gateway.submit(kLeastTask);
  const json::object status = object_of(gateway.get("/api/v1/status", gateway.ops()));
  EXPECT_EQ(status.at("region"), "hongkong");
  EXPECT_EQ(status.at("jobs").at("complete"), 1);
  const json::object peers = object_of(gateway.get("/api/v1/peers", gateway.ops()));
  EXPECT_EQ(peers.at("peers").at(0).at("up"), false);
  EXPECT_TRUE(peers.at("peers").at(0).as_object().contains("why_down"));
  const json::object capacity = object_of(gateway.get("/api/v1/capacity", gateway.submitter()));
  EXPECT_EQ(capacity.at("regions").at(0).at("platforms").at(0).at("cpu_cores"), 8);
  const auto metrics = gateway.get("/metrics", gateway.ops());
  EXPECT_NE(metrics.body.find("hetao_jobs{state=\"complete\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics.body.find("hetao_peer_up{region=\"shenzhen\"} 0\n"), std::string::npos);
}

}  // namespace
}  // namespace hetao::api
