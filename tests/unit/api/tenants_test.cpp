// What each tenant may use and uses.
#include <gtest/gtest.h>

#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

json::object tenant(TestGateway& gateway, const std::string& id) {
  const auto response = gateway.get("/api/v1/tenants", gateway.ops());
  EXPECT_EQ(response.status, 200) << response.body;
  const json::object all = object_of(response);
  for (const json::value& one : all.at("tenants").as_array()) {
    if (one.at("id") == id.c_str()) return one.as_object();
  }
  ADD_FAILURE() << id << " is not listed: " << response.body;
  return {};
}

int64_t number(const json::object& of, const char* part, const char* name) {
  return of.at(part).at(name).to_number<int64_t>();
}

TEST(Tenants, AreShownWithWhatTheyUseAndMayUse) {
  TestGateway gateway;
  gateway.runs_are_finished = false;
  EXPECT_EQ(number(tenant(gateway, "hku"), "jobs", "open"), 0);
  const int64_t further = number(tenant(gateway, "hku"), "jobs", "further");
  gateway.submit(kLeastTask);
  gateway.submit(kLeastTask);
  const json::object hku = tenant(gateway, "hku");
  EXPECT_EQ(number(hku, "jobs", "open"), 2);
  EXPECT_EQ(number(hku, "jobs", "further"), further - 2);
  EXPECT_EQ(hku.at("money").at("spent_cny"), "0.00");
  EXPECT_FALSE(hku.at("money").as_object().contains("cap_cny")) << "no cap is configured";
  EXPECT_TRUE(tenant(gateway, "office").at("operator").as_bool());
  EXPECT_FALSE(tenant(gateway, "cuhk").contains("operator"));
}

TEST(Tenants, CountsWhatIsOverNoMore) {
  TestGateway gateway;
  gateway.submit(kLeastTask);
  EXPECT_EQ(number(tenant(gateway, "hku"), "jobs", "open"), 0);
  EXPECT_EQ(number(tenant(gateway, "hku"), "running", "runs"), 0);
}

TEST(Tenants, AreForThoseWhoRunTheGatewayAndSetItsPolicy) {
  TestGateway gateway;
  for (const std::string& who : {gateway.ops(), gateway.admin(), gateway.auditor()})
    EXPECT_EQ(gateway.get("/api/v1/tenants", who).status, 200);
  for (const std::string& who : {gateway.submitter(), gateway.owner(), gateway.reviewer()})
    EXPECT_EQ(gateway.get("/api/v1/tenants", who).status, 403);
}

}  // namespace
}  // namespace hetao::api
