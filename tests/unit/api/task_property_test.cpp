// Every field of a task, wrong in every way that its kind can be wrong: refused with 400 and the pointer of
// that field, and nothing is made. Through the same interface that clients use.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "gateway/base/limits.h"
#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

constexpr const char* kWhole = R"({
  "name": "whole", "description": "every field that a client may set",
  "executors": [{"image": "host", "command": ["sh", "-c", "true"], "workdir": "/tmp", "stdin": "/in", "stdout": "/out",
                 "stderr": "/err", "env": {"A": "b"}, "ignore_error": true}],
  "inputs": [{"name": "i", "description": "d", "url": "s3://b/k", "path": "/in", "type": "FILE", "content": "x",
              "streamable": false}],
  "outputs": [{"name": "o", "description": "d", "url": "result:o", "path": "/out", "path_prefix": "/", "type": "FILE"}],
  "resources": {"cpu_cores": 1, "preemptible": true, "ram_gb": 1.5, "disk_gb": 2, "zones": ["hongkong"],
                "backend_parameters": {"wall_time": "1h"}, "backend_parameters_strict": false},
  "volumes": ["/work"],
  "tags": {"purpose": "research"}
})";

enum class Kind { kText, kPath, kUrl, kNumber, kFlag, kList, kMap, kFileType };

struct Place {
  std::string pointer;
  Kind kind;
};

const std::vector<Place> kPlaces = {
    {"/name", Kind::kText},
    {"/description", Kind::kText},
    {"/executors", Kind::kList},
    {"/executors/0", Kind::kMap},
    {"/executors/0/image", Kind::kText},
    {"/executors/0/command", Kind::kList},
    {"/executors/0/command/0", Kind::kText},
    {"/executors/0/workdir", Kind::kPath},
    {"/executors/0/stdin", Kind::kPath},
    {"/executors/0/stdout", Kind::kPath},
    {"/executors/0/stderr", Kind::kPath},
    {"/executors/0/env", Kind::kMap},
    {"/executors/0/env/A", Kind::kText},
    {"/executors/0/ignore_error", Kind::kFlag},
    {"/inputs", Kind::kList},
    {"/inputs/0", Kind::kMap},
    {"/inputs/0/name", Kind::kText},
    {"/inputs/0/description", Kind::kText},
    {"/inputs/0/url", Kind::kText},
    {"/inputs/0/path", Kind::kPath},
    {"/inputs/0/type", Kind::kFileType},
    {"/inputs/0/content", Kind::kText},
    {"/inputs/0/streamable", Kind::kFlag},
    {"/outputs", Kind::kList},
    {"/outputs/0", Kind::kMap},
    {"/outputs/0/name", Kind::kText},
    {"/outputs/0/description", Kind::kText},
    {"/outputs/0/url", Kind::kUrl},
    {"/outputs/0/path", Kind::kPath},
    {"/outputs/0/path_prefix", Kind::kPath},
    {"/outputs/0/type", Kind::kFileType},
    {"/resources", Kind::kMap},
    {"/resources/cpu_cores", Kind::kNumber},
    {"/resources/preemptible", Kind::kFlag},
    {"/resources/ram_gb", Kind::kNumber},
    {"/resources/disk_gb", Kind::kNumber},
    {"/resources/zones", Kind::kList},
    {"/resources/zones/0", Kind::kText},
    {"/resources/backend_parameters", Kind::kMap},
    {"/resources/backend_parameters/wall_time", Kind::kText},
    {"/resources/backend_parameters_strict", Kind::kFlag},
    {"/volumes", Kind::kList},
    {"/volumes/0", Kind::kPath},
    {"/tags", Kind::kMap},
    {"/tags/purpose", Kind::kText},
};

std::vector<json::value> wrong_values(Kind kind) {
  const json::value list = json::array{1};
  const json::value map = json::object{{"x", 1}};
  switch (kind) {
    case Kind::kText:
      return {7, 1.5, true, list, map};
    case Kind::kPath:
      return {7,
              true,
              list,
              map,
              "relative",
              "/a/../b",
              json::string("/a\0b", 4),
              json::string("/" + std::string(5'000, 'a'))};
    case Kind::kUrl:
      return {7,
              true,
              list,
              map,
              "",
              "nonsense",
              "gopher://a/b",
              "result:",
              "result:a/b",
              "s3:",
              "file://elsewhere/a"};
    case Kind::kNumber:
      return {"many", true, list, map, -1, 1e30, -0.5};
    case Kind::kFlag:
      return {"yes", 7, list, map};
    case Kind::kList:
      return {"x", 7, true, map};
    case Kind::kMap:
      return {"x", 7, true, list};
    case Kind::kFileType:
      return {7, true, list, map, "LINK", "file"};
  }
  return {};
}

// The 400's first pointer; the status where it is none.
std::string refused_at(TestGateway& gateway, const json::value& task) {
  const auto response = gateway.post("/ga4gh/tes/v1/tasks", gateway.submitter(), json::serialize(task));
  if (response.status != 400) return std::to_string(response.status) + " " + response.body;
  const json::object body = object_of(response);
  const json::value* mistakes = body.if_contains("mistakes");
  if (mistakes == nullptr || mistakes->as_array().empty()) return "no pointer: " + response.body;
  return std::string(mistakes->as_array().front().at("pointer").as_string());
}

TEST(TaskProperty, AWholeTaskIsTaken) {
  TestGateway gateway;
  const auto response = gateway.post("/ga4gh/tes/v1/tasks", gateway.submitter(), kWhole);
  EXPECT_EQ(response.status, 200) << response.body;
}

TEST(TaskProperty, EveryFieldWrongInEveryWayIsRefusedWhereItStands) {
  TestGateway gateway;
  for (const Place& place : kPlaces) {
    for (const json::value& wrong : wrong_values(place.kind)) {
      json::value task = parse_json(kWhole, "task").value();
      task.at_pointer(place.pointer) = wrong;
      const std::string at = refused_at(gateway, task);
      EXPECT_TRUE(at.starts_with(place.pointer))
          << place.pointer << " = " << json::serialize(wrong) << ": " << at;
    }
  }
  EXPECT_TRUE(gateway.core().jobs().empty());
}

TEST(TaskProperty, MembersThatTesDoesNotKnowAreRefusedInEveryObject) {
  TestGateway gateway;
  for (const char* object : {"", "/executors/0", "/inputs/0", "/outputs/0", "/resources"}) {
    json::value task = parse_json(kWhole, "task").value();
    task.at_pointer(object).as_object()["surprise"] = 1;
    EXPECT_EQ(refused_at(gateway, task), object + std::string("/surprise"));
  }
  EXPECT_TRUE(gateway.core().jobs().empty());
}

TEST(TaskProperty, WhatIsNeededMayNotBeMissing) {
  TestGateway gateway;
  const std::vector<std::pair<std::string, std::string>> needed = {
      {"", "executors"},     {"/executors/0", "image"}, {"/executors/0", "command"},
      {"/inputs/0", "path"}, {"/outputs/0", "url"},     {"/outputs/0", "path"}};
  for (const auto& [object, member] : needed) {
    json::value task = parse_json(kWhole, "task").value();
    task.at_pointer(object).as_object().erase(member);
    EXPECT_TRUE(refused_at(gateway, task).starts_with(object)) << object << "/" << member;
  }
  for (const char* text : {"", "[]", "7", "{", "{\"a\":1,\"a\":2}", "\xff\xfe"}) {
    const auto response = gateway.post("/ga4gh/tes/v1/tasks", gateway.submitter(), text);
    EXPECT_EQ(response.status, 400) << text;
  }
  EXPECT_TRUE(gateway.core().jobs().empty());
}

TEST(TaskProperty, TheSameKeyIsOneJobWhateverHappensInBetween) {
  TestGateway gateway;
  const auto submit = [&](const std::string& key, const std::string& task, const std::string& token) {
    return gateway.ask({"POST",
                        "/api/v1/jobs",
                        token,
                        task,
                        {{"Idempotency-Key", key}, {"Content-Type", "application/json"}}});
  };
  const json::object first = object_of(submit("k", kLeastTask, gateway.submitter()));
  for (int i = 0; i < 5; ++i) {
    const json::object again = object_of(submit("k", kLeastTask, gateway.submitter()));
    EXPECT_EQ(again.at("id"), first.at("id"));
    EXPECT_TRUE(again.at("repeated").as_bool());
  }
  EXPECT_EQ(submit("k", kWhole, gateway.submitter()).status, 409) << "another task under the same key";
  EXPECT_NE(object_of(submit("k", kLeastTask, gateway.token("bob", "hku", {"submitter"}))).at("id"),
            first.at("id"))
      << "keys are a person's own";
  EXPECT_EQ(gateway.core().jobs().size(), 2U);
}

// What somebody may not see is answered as what is not there, and before what exists is looked at.
TEST(TaskProperty, RefusalsDontTellWhatExists) {
  TestGateway gateway;
  const std::string job = gateway.submit(kLeastTask);
  const std::string other = gateway.token("eve", "cuhk", {"submitter", "data-owner"});
  const auto body_without_id = [](std::string body, const std::string& id) {
    for (size_t at = body.find(id); at != std::string::npos; at = body.find(id))
      body.replace(at, id.size(), "ID");
    return body;
  };
  const std::string nothing = "job999999";
  for (const std::string path :
       {"/api/v1/jobs/", "/ga4gh/tes/v1/tasks/", "/api/v1/results/", "/api/v1/uploads/"}) {
    for (const std::string& token :
         {other, std::string(), std::string("hetao_none_") + std::string(43, 'A')}) {
      const auto there = gateway.get(path + job, token);
      const auto not_there = gateway.get(path + nothing, token);
      EXPECT_EQ(there.status, not_there.status) << path;
      EXPECT_EQ(body_without_id(there.body, job), body_without_id(not_there.body, nothing)) << path;
    }
  }
  EXPECT_EQ(gateway.post("/ga4gh/tes/v1/tasks/" + job + ":cancel", other).status,
            gateway.post("/ga4gh/tes/v1/tasks/" + nothing + ":cancel", other).status);
}

}  // namespace
}  // namespace hetao::api
