// Requests for data sets, results that become data sets, DCAT, and projects, over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

using testing::HasSubstr;

class SharingApi : public testing::Test {
 protected:
  SharingApi() { std::ofstream(gateway_.staging_folder() + "/a.csv") << "a,b\n1,2\n"; }

  io::HttpResponse register_data(const std::string& more, const std::string& id = "buses") {
    return gateway_.post("/api/v1/datasets", gateway_.owner(),
                         R"({"id": ")" + id + R"(", "url": "file://)" + gateway_.staging_folder() +
                             R"(/a.csv", "labels": {"data.grade": "general"}, "licence": "CC-BY-4.0")" +
                             more + "}");
  }
  std::string asker() const { return gateway_.token("eve", "cuhk", {"submitter"}); }
  io::HttpResponse ask(
      const std::string& body = R"({"purpose": "research", "reason": "to learn", "days": 5})") {
    return gateway_.post("/api/v1/datasets/buses/access", asker(), body);
  }
  std::string asked() { return std::string(object_of(ask()).at("id").as_string()); }
  io::HttpResponse say(const std::string& id, const std::string& what, const std::string& who,
                       const std::string& body = R"({"reason": "because"})") {
    return gateway_.post("/api/v1/access/" + id + "/" + what, who, body);
  }
  io::HttpResponse use() {
    return gateway_.post("/ga4gh/tes/v1/tasks", asker(),
                         R"({"executors": [{"image": "host", "command": ["true"]}],
                             "inputs": [{"url": "dataset:buses", "path": "/data"}]})");
  }

  TestGateway gateway_;
};

TEST_F(SharingApi, AccessIsAskedForGrantedAndUsed) {
  ASSERT_EQ(register_data(R"(, "access": "request")").status, 200);
  const auto refused = use();
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("hetao data request buses"));
  const std::string id = asked();
  EXPECT_EQ(object_of(say(id, "grant", gateway_.owner())).at("state"), "granted");
  EXPECT_EQ(use().status, 200);
  EXPECT_EQ(object_of(say(id, "revoke", gateway_.owner())).at("in_force"), false);
  EXPECT_EQ(use().status, 403);
  EXPECT_EQ(say(id, "grant", gateway_.owner()).status, 409);
}

TEST_F(SharingApi, EveryMistakeOfARequestIsNamed) {
  EXPECT_EQ(ask().status, 404) << "no such data set";
  ASSERT_EQ(register_data(R"(, "access": "sometimes")").status, 400);
  ASSERT_EQ(register_data("").status, 200);
  EXPECT_EQ(ask().status, 409) << "needs no request";
  ASSERT_EQ(register_data(R"(, "access": "request")").status, 200);
  for (const char* body : {"", "[]", "{}", R"({"purpose": "research"})", R"({"purpose": 3, "reason": "x"})",
                           R"({"purpose": "research", "reason": "x", "days": 0})",
                           R"({"purpose": "research", "reason": "x", "days": "5"})",
                           R"({"purpose": "research", "reason": "x", "dayz": 5})"})
    EXPECT_EQ(ask(body).status, 400) << body;
  const std::string id = asked();
  EXPECT_EQ(say(id, "grant", gateway_.owner(), "{}").status, 400) << "a reason is owed";
  EXPECT_EQ(say(id, "grant", asker()).status, 403) << "is the owner's to say";
  EXPECT_EQ(say(id, "withdraw", gateway_.owner()).status, 404);
  EXPECT_EQ(say(id, "shout", gateway_.owner()).status, 404);
  const std::string stranger = gateway_.token("sam", "office", {"submitter", "data-owner"});
  EXPECT_EQ(gateway_.get("/api/v1/access/" + id, stranger).status, 404);
  EXPECT_EQ(say(id, "grant", stranger).status, 404) << "is not told that it is there";
  EXPECT_EQ(gateway_.get("/api/v1/access/" + id, gateway_.auditor()).status, 200);
  EXPECT_EQ(object_of(gateway_.get("/api/v1/access", stranger)).at("requests").as_array().size(), 0U);
}

TEST_F(SharingApi, AResultIsRegisteredWithItsLabelsAndWhatItWasMadeFrom) {
  ASSERT_EQ(register_data(R"(, "title": "Buses")").status, 200);
  const std::string job = gateway_.submit(
      R"({"executors": [{"image": "host", "command": ["true"]}],
          "inputs": [{"url": "dataset:buses", "path": "/data"}],
          "outputs": [{"path": "/out/r.txt", "url": "result:r.txt"}]})");
  const auto registers = [&](const std::string& url, const std::string& more = "") {
    return gateway_.post("/api/v1/datasets", gateway_.owner(),
                         R"({"id": "delays", "url": ")" + url + "\"" + more + "}");
  };
  const auto made = registers("result:" + job + "/r.txt");
  ASSERT_EQ(made.status, 200) << made.body;
  const json::object view = object_of(made);
  EXPECT_EQ(view.at("labels").as_object().at("data.grade"), "general");
  EXPECT_EQ(view.at("derived_from"), (json::array{"job:" + job, "dataset:buses"}));
  EXPECT_EQ(registers("result:" + job + "/r.txt", R"(, "labels": {"data.grade": "public"})").status, 400)
      << "labels stick";
  EXPECT_EQ(registers("result:" + job + "/none").status, 400);
  EXPECT_EQ(registers("result:nobody/r.txt").status, 400);
  EXPECT_EQ(gateway_
                .post("/api/v1/datasets", gateway_.token("o", "cuhk", {"data-owner"}),
                      R"({"id": "mine", "url": "result:)" + job + R"(/r.txt"})")
                .status,
            400)
      << "another tenant's result";
}

TEST_F(SharingApi, TheCatalogueIsDcatForThoseWhoMaySeeIt) {
  ASSERT_EQ(
      register_data(R"(, "title": "Buses", "description": "When they came", "access": "request")").status,
      200);
  ASSERT_EQ(register_data("", "old").status, 200);
  gateway_.post("/api/v1/datasets/old/retire", gateway_.owner(), "{}");
  const auto answer = gateway_.get("/api/v1/catalogue.jsonld", gateway_.submitter());
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("content-type"), "application/ld+json");
  const json::object catalogue = object_of(answer);
  EXPECT_EQ(catalogue.at("@type"), "dcat:Catalog");
  ASSERT_EQ(catalogue.at("dcat:dataset").as_array().size(), 1U) << "without the retired one";
  const json::object& dataset = catalogue.at("dcat:dataset").at(0).as_object();
  EXPECT_EQ(dataset.at("dct:identifier"), "buses");
  EXPECT_EQ(dataset.at("dct:publisher").at("@type"), "foaf:Agent");
  EXPECT_THAT(std::string(dataset.at("dct:accessRights").at("@id").as_string()), HasSubstr("RESTRICTED"));
  const json::value& distribution = dataset.at("dcat:distribution").at(0);
  EXPECT_EQ(distribution.at("dct:license").at("dct:title"), "CC-BY-4.0");
  EXPECT_EQ(answer.body.find("a.csv"), std::string::npos) << "no file is named";
  EXPECT_EQ(gateway_.get("/api/v1/catalogue.jsonld", gateway_.ops()).status, 403);
  EXPECT_EQ(gateway_.get("/api/v1/catalogue.jsonld", "").status, 401);
}

TEST_F(SharingApi, AProjectIsBegunSeenByItsMembersAndClosed) {
  const auto begin = [&](const std::string& body) {
    return gateway_.post("/api/v1/projects", gateway_.owner(), body);
  };
  const auto act = [&](const std::string& what, const std::string& body) {
    return gateway_.post("/api/v1/projects/lab/" + what, gateway_.owner(), body);
  };
  ASSERT_EQ(begin(R"({"id": "lab", "region": "shenzhen", "tenant": "szu", "title": "Lab"})").status, 200);
  for (const char* body : {"", "{}", R"({"id": "Lab", "region": "shenzhen", "tenant": "szu"})",
                           R"({"id": "x", "region": "mars", "tenant": "szu"})",
                           R"({"id": "x", "region": "shenzhen", "tenant": "S Z U"})",
                           R"({"id": "x", "region": "shenzhen", "tenant": "szu", "more": 1})"})
    EXPECT_EQ(begin(body).status, 400) << body;
  EXPECT_EQ(begin(R"({"id": "lab", "region": "shenzhen", "tenant": "szu"})").status, 409);
  EXPECT_EQ(act("members", R"({"members": ["cuhk"]})").status, 200);
  EXPECT_EQ(act("members", R"({"members": "cuhk"})").status, 400);
  EXPECT_EQ(object_of(act("budget", R"({"cny": "1250.50"})")).at("sides").at(0).at("budget_cny"), "1250.50");
  for (const char* body :
       {"{}", R"({"cny": 5})", R"({"cny": "-5"})", R"({"cny": "5."})", R"({"cny": ".5"})",
        R"({"cny": "1e9"})", R"({"cny": "99999999999999999999"})", R"({"cny": "1.1234567"})"})
    EXPECT_EQ(act("budget", body).status, 400) << body;
  EXPECT_EQ(act("grant", R"({"dataset": "nothing"})").status, 404);
  ASSERT_EQ(register_data("").status, 200);
  EXPECT_EQ(act("grant", R"({"dataset": "buses", "days": 3})").status, 200);
  EXPECT_EQ(act("revoke", R"({"dataset": "buses"})").status, 200);
  EXPECT_EQ(act("accept", "{}").status, 409) << "it was not invited";
  const auto seen = [&](const std::string& who) { return gateway_.get("/api/v1/projects/lab", who).status; };
  EXPECT_EQ(seen(asker()), 200) << "a member";
  EXPECT_EQ(seen(gateway_.token("sam", "office", {"submitter"})), 404);
  EXPECT_EQ(seen(gateway_.auditor()), 200);
  const auto job = gateway_.post("/projects/lab/ga4gh/tes/v1/tasks", gateway_.submitter(), kLeastTask);
  EXPECT_EQ(job.status, 403) << "the other side has not accepted";
  EXPECT_THAT(job.body, HasSubstr("it is invited"));
  EXPECT_EQ(act("close", "{}").status, 400) << "a reason is owed";
  EXPECT_EQ(object_of(act("close", R"({"reason": "over"})")).at("state"), "closed");
}

}  // namespace
}  // namespace hetao::api
