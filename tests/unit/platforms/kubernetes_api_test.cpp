// Answers of API servers, of proxies before them, and of nobody.
#include "gateway/platforms/kubernetes/api.h"

#include <gtest/gtest.h>

#include "gateway/platforms/kubernetes/quantity.h"
#include "gateway/platforms/kubernetes/supply.h"
#include "gateway/platforms/kubernetes/watch.h"

namespace hetao::platforms::kubernetes {
namespace {

HttpReply status(int code, const std::string& reason, const std::string& message = "says who") {
  return {code,
          R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":")" + message +
              R"(","reason":")" + reason + R"(","code":)" + std::to_string(code) + "}",
          {}};
}

const std::string kJob =
    R"({"kind":"Job","metadata":{"name":"hetao-a","namespace":"szu","labels":{"hetao/spool":"m"},"annotations":{"hetao/run":"a.1"}},"spec":{"suspend":true},"status":{}})";

TEST(KubernetesApi, OnlyTheServersOwnRefusalIsOne) {
  EXPECT_EQ(read_created({201, kJob, {}}).kind, ReplyKind::kOk);
  EXPECT_EQ(read_created({201, kJob, {}}).job.run, "a.1");
  for (const int code : {400, 403, 404, 413, 422})
    EXPECT_EQ(read_created(status(code, "Invalid")).kind, ReplyKind::kRefused) << code;
  for (const int code : {401, 429, 500, 503, 504})
    EXPECT_EQ(read_created(status(code, "Timeout")).kind, ReplyKind::kUnknown) << code;
  // A proxy's page is no word of the server's.
  for (const int code : {400, 403, 404, 502})
    EXPECT_EQ(read_created({code, "<html>blocked</html>", {}}).kind, ReplyKind::kUnknown) << code;
  EXPECT_EQ(read_created({201, "{\"kind\":\"Jo", {}}).kind, ReplyKind::kUnknown);
  EXPECT_EQ(read_created({200, "null", {}}).kind, ReplyKind::kUnknown);
  EXPECT_EQ(read_created({0, {}, "timed out"}).why, "timed out");
  const JobReply taken = read_created(status(409, "AlreadyExists"));
  EXPECT_TRUE(taken.exists);
  EXPECT_FALSE(read_created(status(409, "Conflict")).exists);
}

TEST(KubernetesApi, AbsentIsWhatTheServerSays) {
  EXPECT_EQ(read_job(status(404, "NotFound")).kind, ReplyKind::kAbsent);
  EXPECT_EQ(read_job({404, "404 page not found", {}}).kind, ReplyKind::kUnknown);
  EXPECT_EQ(read_job(status(403, "Forbidden")).kind, ReplyKind::kUnknown);
  EXPECT_EQ(read_change(status(404, "NotFound")).kind, ReplyKind::kAbsent);
  EXPECT_EQ(read_change({200, "{}", {}}).kind, ReplyKind::kOk);
  EXPECT_EQ(read_change({503, "", {}}).kind, ReplyKind::kUnknown);
}

TEST(KubernetesApi, AnEndedTokenIsNamed) {
  EXPECT_NE(failure_of(status(401, "Unauthorized", "Unauthorized")).find("token"), std::string::npos);
}

TEST(KubernetesApi, AJobsEndIsReadOfEitherKind) {
  const auto ended = read_job(
      {200,
       R"({"kind":"Job","metadata":{"name":"a"},"status":{"conditions":[{"type":"Suspended","status":"True"},{"type":"Failed","status":"True","reason":"BackoffLimitExceeded","message":"m"}]}})",
       {}});
  EXPECT_TRUE(ended.job.over);
  EXPECT_TRUE(ended.job.failed);
  EXPECT_EQ(ended.job.reason, "BackoffLimitExceeded");
  const auto volcano = read_job(
      {200,
       R"({"kind":"Job","metadata":{"name":"a"},"status":{"state":{"phase":"Completed"},"succeeded":1}})",
       {}});
  EXPECT_TRUE(volcano.job.over);
  EXPECT_FALSE(volcano.job.failed);
}

TEST(KubernetesApi, TheVersionDecidesWhatIsUsed) {
  EXPECT_EQ(read_version({200, R"({"major":"1","minor":"20","gitVersion":"v1.20.2"})", {}}).value_or(0), 20);
  EXPECT_EQ(read_version({200, R"({"major":"1","minor":"28+"})", {}}).value_or(0), 28);
  EXPECT_FALSE(read_version({200, R"({"major":"2","minor":"0"})", {}}));
  EXPECT_FALSE(read_version({200, "<html>", {}}));
  EXPECT_FALSE(read_version({0, {}, "refused"}));
  EXPECT_EQ(read_announced({404, {}, {}}).value_or(true), false);
  EXPECT_FALSE(read_announced({503, {}, {}}));
}

TEST(KubernetesApi, APolicyThatPermitsAnythingIsNotOurs) {
  EXPECT_TRUE(read_policy({200, network_policy_body(), {}}).value());
  EXPECT_FALSE(read_policy(status(404, "NotFound")).value());
  EXPECT_FALSE(
      read_policy(
          {200,
           R"({"spec":{"podSelector":{"matchLabels":{"hetao/network":"none"}},"policyTypes":["Egress","Ingress"],"egress":[{}]}})",
           {}})
          .value());
  EXPECT_FALSE(
      read_policy(
          {200,
           R"({"spec":{"podSelector":{"matchLabels":{"hetao/network":"none"}},"policyTypes":["Ingress"]}})",
           {}})
          .value());
  EXPECT_FALSE(read_policy({500, "", {}}));
}

// --- quantities and supply

TEST(KubernetesSupply, QuantitiesAreThoseOfKubernetes) {
  EXPECT_EQ(parse_quantity_millis("500m").value_or(-1), 500);
  EXPECT_EQ(parse_quantity_millis("2").value_or(-1), 2'000);
  EXPECT_EQ(parse_quantity_millis("0.5").value_or(-1), 500);
  EXPECT_EQ(parse_quantity_millis("1Ki").value_or(-1), 1'024'000);
  EXPECT_EQ(parse_quantity_millis("1e3").value_or(-1), 1'000'000);
  EXPECT_EQ(parse_quantity_millis("1E").value_or(-1), int64_t{1} << 53U);
  EXPECT_EQ(parse_quantity_millis("100n").value_or(-1), 1);
  for (const std::string bad : {"", "-1", "1 Gi", "Gi", "0x10", "1GiB", "nan", "inf"})
    EXPECT_FALSE(parse_quantity_millis(bad)) << bad;
}

TEST(KubernetesSupply, WhatIsFreeIsWhatNobodyAskedFor) {
  const auto nodes = read_nodes({200,
                                 R"({"metadata":{"resourceVersion":"7"},"items":[
        {"metadata":{"name":"a"},"status":{"allocatable":{"cpu":"8","memory":"16Gi","huawei.com/Ascend910":"8"},"conditions":[{"type":"Ready","status":"True"}]}},
        {"metadata":{"name":"b"},"spec":{"unschedulable":true},"status":{"allocatable":{"cpu":"64"},"conditions":[{"type":"Ready","status":"True"}]}},
        {"metadata":{"name":"c"},"status":{"allocatable":{"cpu":"64"},"conditions":[{"type":"Ready","status":"Unknown"}]}}]})",
                                 {}});
  ASSERT_TRUE(nodes);
  Requested requested;
  const auto more = add_pods({200,
                              R"({"metadata":{"resourceVersion":"7","continue":"next"},"items":[
        {"spec":{"nodeName":"a","containers":[{"resources":{"requests":{"cpu":"500m","memory":"1Gi"}}},{"resources":{"requests":{"cpu":"1"}}}],
                 "initContainers":[{"resources":{"requests":{"cpu":"2","huawei.com/Ascend910":"3"}}}]}},
        {"spec":{"containers":[{"resources":{"requests":{"cpu":"4"}}}]}}]})",
                              {}},
                             requested);
  EXPECT_EQ(more.value_or(""), "next");
  pb::Platform platform;
  add_supply(nodes->nodes, &requested, {{"ascend910b", "huawei.com/Ascend910"}}, platform);
  EXPECT_EQ(platform.nodes(), 3);
  EXPECT_EQ(platform.nodes_up(), 1);
  EXPECT_EQ(platform.cores_total(), 8);
  EXPECT_EQ(platform.cores_free(), 6);
  EXPECT_EQ(platform.cpu_cores(), 8);
  EXPECT_EQ(platform.running(), 1);
  EXPECT_EQ(platform.waiting(), 1);
  ASSERT_EQ(platform.accelerators_size(), 1);
  EXPECT_EQ(platform.accelerators(0).free(), 5);
  EXPECT_EQ(platform.accelerators(0).per_node(), 8);
  EXPECT_FALSE(read_nodes({200, R"({"items":3,"metadata":{}})", {}}));
  EXPECT_FALSE(read_nodes({200, "[]", {}}));
}

// --- watches

struct Seen {
  std::vector<std::string> changes;
  WatchReader::Take take() {
    return [this](PodRecord pod, bool deleted) { changes.push_back(pod.name + (deleted ? "-" : "+")); };
  }
};

std::string change(const std::string& type, const std::string& name, const std::string& version) {
  return R"({"type":")" + type + R"(","object":{"metadata":{"name":")" + name + R"(","resourceVersion":")" +
         version + "\"}}}\n";
}

TEST(KubernetesWatch, ChangesComeInWhateverPiecesTheyArrive) {
  Seen seen;
  WatchReader reader("5", seen.take());
  const std::string all =
      change("ADDED", "a", "6") + change("DELETED", "a", "7") + change("BOOKMARK", "", "900");
  for (const char c : all) ASSERT_TRUE(reader.read({&c, 1}));
  EXPECT_EQ(seen.changes, (std::vector<std::string>{"a+", "a-"}));
  EXPECT_EQ(reader.version(), "900");
  EXPECT_TRUE(reader.read(change("MODIFIED", "b", "901") + change("MODIFIED", "c", "902")));
  EXPECT_EQ(reader.version(), "902");
}

TEST(KubernetesWatch, A410IsAReasonToListAgain) {
  Seen seen;
  WatchReader reader("5", seen.take());
  EXPECT_FALSE(reader.read(
      R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version"}})"
      "\n"));
  EXPECT_TRUE(reader.expired());
  EXPECT_TRUE(is_expired({410, {}, {}}));
}

TEST(KubernetesWatch, NonsenseIsNotWaitedOut) {
  for (const std::string bad : {"<html>\n", "{}\n", "{\"type\":\"ADDED\"}\n", "[1]\n",
                                "{\"type\":\"ADDED\",\"object\":{\"metadata\":{}}}\n"}) {
    Seen seen;
    WatchReader reader("5", seen.take());
    EXPECT_FALSE(reader.read(bad)) << bad;
    EXPECT_FALSE(reader.expired());
    EXPECT_NE(reader.trouble(), "");
    EXPECT_EQ(reader.version(), "5");
  }
  Seen seen;
  WatchReader endless("5", seen.take());
  const std::string part(size_t{1} << 20U, ' ');
  bool more = true;
  for (int i = 0; i < 20 && more; ++i) more = endless.read(part);
  EXPECT_FALSE(more);
}

}  // namespace
}  // namespace hetao::platforms::kubernetes
