#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/base/limits.h"
#include "proto/tes_json.h"

namespace hetao::tes {
namespace {

using testing::HasSubstr;

json::value parsed(std::string_view text) {
  auto value = parse_json(text, "task");
  EXPECT_TRUE(value) << (value ? "" : to_line(value.error())) << "\n" << text;
  return value ? *value : json::value();
}

constexpr std::string_view kWhole = R"({
  "name": "road-signs", "description": "trains",
  "executors": [
    {"image": "registry/x:1", "command": ["python", "/job/train.py", ""], "workdir": "/tmp",
     "stdin": "/data/in", "stdout": "/out/o.txt", "stderr": "/out/e.txt", "env": {"A": "1", "B": ""},
     "ignore_error": true},
    {"image": "y", "command": ["true"]}],
  "inputs": [
    {"url": "dataset:szu-road-signs-2025", "path": "/data/d", "type": "DIRECTORY"},
    {"content": "print(1)\n", "path": "/job/train.py", "name": "script", "description": "code"},
    {"url": "file:///srv/in.csv", "path": "/data/in", "type": "FILE", "streamable": true},
    {"url": "s3://bucket/key", "path": "/s3"},
    {"content": "", "path": "/empty"}],
  "outputs": [
    {"path": "/out/model.bin", "url": "result:model.bin", "type": "FILE"},
    {"path": "/out/*.csv", "path_prefix": "/out", "url": "file:///srv/tables", "name": "tables"},
    {"path": "/out/logs", "url": "https://store.example/l", "type": "DIRECTORY"}],
  "resources": {"cpu_cores": 8, "ram_gb": 0.0596, "disk_gb": 40, "preemptible": true,
                "zones": ["shenzhen"], "backend_parameters": {"Accelerator": "ascend910b", "accelerators": "8"}},
  "volumes": ["/scratch"],
  "tags": {"purpose": "research", "output:model.bin": "model", "input:/job/train.py": "code", "empty": ""}
})";

TEST(TesRead, AWholeTaskIsReadFieldByField) {
  const auto read = read_task(parsed(kWhole));
  ASSERT_TRUE(read) << to_line(read.error().front());
  const pb::Task& task = read->task;
  EXPECT_EQ(task.name(), "road-signs");
  ASSERT_EQ(task.executors_size(), 2);
  EXPECT_EQ(task.executors(0).command(2), "");
  EXPECT_EQ(task.executors(0).env(0).key(), "A");
  EXPECT_TRUE(task.executors(0).ignore_error());
  EXPECT_FALSE(task.executors(1).ignore_error());
  EXPECT_EQ(task.inputs(1).content(), "print(1)\n");
  EXPECT_TRUE(task.inputs(4).has_content());
  EXPECT_FALSE(task.inputs(0).has_content());
  EXPECT_EQ(task.inputs(3).type(), pb::FILE_TYPE_UNSPECIFIED);
  EXPECT_EQ(task.outputs(1).path_prefix(), "/out");
  EXPECT_EQ(task.resources().cpu_cores(), 8);
  EXPECT_EQ(task.resources().ram_bytes(), 63'995'013);  // rounded up, 2^30 to the GB
  EXPECT_EQ(task.resources().backend_parameters(0).key(), "accelerator");
  EXPECT_EQ(task.tags_size(), 4);
  EXPECT_TRUE(read->warnings.empty());
}

TEST(TesRead, WritingIsTheInverseOfReading) {
  const auto first = read_task(parsed(kWhole));
  ASSERT_TRUE(first);
  const json::object written = write_task(first->task);
  EXPECT_EQ(written.at("resources").at("ram_gb").as_double(), 0.0596);
  const auto second = read_task(written);
  ASSERT_TRUE(second) << to_line(second.error().front());
  EXPECT_EQ(first->task.SerializeAsString(), second->task.SerializeAsString());
}

TEST(TesRead, NullMeansAbsent) {
  const auto read = read_task(parsed(
      R"({"name": null, "executors": [{"image": "a", "command": ["b"], "env": null, "workdir": null}],
          "inputs": null, "resources": {"cpu_cores": null, "zones": null}, "tags": null})"));
  ASSERT_TRUE(read) << to_line(read.error().front());
}

TEST(TesRead, NullInAMapIsAbsentToo) {
  const auto read = read_task(parsed(
      R"({"executors": [{"image": "a", "command": ["b"], "env": {"A": "1", "B": null}}],
          "resources": {"backend_parameters": {"wall_time": null, "internal_path_prefix": null}},
          "tags": {"workflow_id": "w", "parent_workflow_id": null}})"));
  ASSERT_TRUE(read) << to_line(read.error().front());
  EXPECT_EQ(read->task.executors(0).env_size(), 1);
  EXPECT_EQ(read->task.resources().backend_parameters_size(), 0);
  ASSERT_EQ(read->task.tags_size(), 1);
  EXPECT_EQ(read->task.tags(0).key(), "workflow_id");
}

TEST(TesRead, ZeroAsksForNothingInParticular) {
  const auto read = read_task(parsed(
      R"({"executors": [{"image": "a", "command": ["b"]}], "resources": {"cpu_cores": 0, "ram_gb": 0, "disk_gb": 0.0}})"));
  ASSERT_TRUE(read) << to_line(read.error().front());
  EXPECT_EQ(json::serialize(write_task(read->task)),
            R"({"resources":{},"executors":[{"image":"a","command":["b"]}]})");
}

TEST(TesRead, ProtobufsNamesAreTesNames) {
  const auto read = read_task(parsed(
      R"({"executors": [{"image": "a", "command": ["b"], "ignoreError": true}],
          "outputs": [{"path": "/o/*", "pathPrefix": "/o", "url": "file:///srv/o"}],
          "resources": {"cpuCores": 2, "ramGb": 1.5, "diskGb": 3, "backendParameters": {"wall_time": "1h"},
                        "backendParametersStrict": true},
          "creationTime": "2026-01-01T00:00:00Z"})"));
  ASSERT_TRUE(read) << to_line(read.error().front());
  EXPECT_TRUE(read->task.executors(0).ignore_error());
  EXPECT_EQ(read->task.outputs(0).path_prefix(), "/o");
  EXPECT_EQ(read->task.resources().cpu_cores(), 2);
  EXPECT_EQ(read->task.resources().backend_parameters_size(), 1);
  const auto both = read_task(parsed(
      R"({"executors": [{"image": "a", "command": ["b"]}], "resources": {"cpuCores": 2, "cpu_cores": 3}})"));
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().front().pointer, "/resources/cpuCores");
  EXPECT_FALSE(read_task(parsed(R"({"executors": [{"image": "a", "command": ["b"], "workDir": "/tmp"}]})")));
}

TEST(TesRead, OutputsWithTheSameLastPartOfTheirPathsGetNamesThatTellThemApart) {
  const auto names_of = [](const std::string& outputs) {
    const auto read = read_task(
        parsed(R"({"executors": [{"image": "a", "command": ["b"]}], "outputs": [)" + outputs + "]}"));
    EXPECT_TRUE(read) << to_line(read.error().front());
    std::vector<std::string> names;
    for (const pb::Output& output : read->task.outputs()) names.push_back(output_name(output));
    return names;
  };
  const auto file = [](const std::string& path) {
    return R"({"url": "file:///srv/x", "path": ")" + path + "\"}";
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names_of(file("/w/left/part.txt") + "," + file("/w/right/part.txt") + "," + file("/w/total")),
            (Names{"left.part.txt", "right.part.txt", "total"}));
  EXPECT_EQ(names_of(file("/a/b/c") + "," + file("/x/b/c") + "," + file("/w/b.c")),
            (Names{"a.b.c", "x.b.c", "b.c"}));
  EXPECT_EQ(names_of(file("/out/logs")), Names{"out.logs"}) << "the streams come home under that name";
  EXPECT_EQ(names_of(R"({"url": "result:part.txt", "path": "/w/a/part.txt"},)" + file("/w/b/part.txt")),
            (Names{"part.txt", "b.part.txt"}));
  EXPECT_EQ(names_of(R"({"url": "file:///x", "path": "/w/a/n", "name": "n"},)" + file("/w/b/n/")),
            (Names{"n", "b.n"}));
}

TEST(TesRead, WhatTheServerOwnsIsLeftOutWithAWarning) {
  const auto read = read_task(parsed(
      R"({"id": "x", "state": "UNKNOWN", "logs": [], "creation_time": "2026-01-01T00:00:00Z",
          "executors": [{"image": "a", "command": ["b"]}]})"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->warnings.size(), 4U);
}

TEST(TesRead, ContentMakesTheUrlIgnored) {
  const auto read = read_task(parsed(
      R"({"executors": [{"image": "a", "command": ["b"]}],
          "inputs": [{"path": "/a", "content": "x", "url": "whatever it is"},
                     {"path": "/b", "content": "", "url": "file:///b"}]})"));
  ASSERT_TRUE(read) << to_line(read.error().front());
  EXPECT_EQ(read->task.inputs(0).content(), "x");
  EXPECT_FALSE(read->task.inputs(1).has_content());
}

TEST(TesRead, PathsLoseSlashesThatSayNothingAndOneAtTheEndSaysFolder) {
  const auto read = read_task(parsed(
      R"({"executors": [{"image": "a", "command": ["b"], "workdir": "/w//x/", "stdout": "/w//o"}],
          "inputs": [{"path": "/i/", "url": "s3://b/i/"}, {"path": "/c//d", "content": ""}],
          "outputs": [{"path": "/w/glob/", "url": "file:///srv/glob/"}, {"path": "/w//*.x", "path_prefix": "/w/", "url": "file:///srv/x"},
                      {"path": "/w/all/", "url": "file:///srv/all", "type": "DIRECTORY"}],
          "volumes": ["/v/"]})"));
  ASSERT_TRUE(read) << to_line(read.error().front());
  const pb::Task& task = read->task;
  EXPECT_EQ(task.executors(0).workdir(), "/w/x");
  EXPECT_EQ(task.executors(0).stdout(), "/w/o");
  EXPECT_EQ(task.inputs(0).path(), "/i");
  EXPECT_EQ(task.inputs(0).type(), pb::FILE_TYPE_DIRECTORY);
  EXPECT_EQ(task.inputs(1).path(), "/c/d");
  EXPECT_EQ(task.inputs(1).type(), pb::FILE_TYPE_UNSPECIFIED);
  EXPECT_EQ(task.outputs(0).path(), "/w/glob");
  EXPECT_EQ(task.outputs(0).type(), pb::FILE_TYPE_DIRECTORY);
  EXPECT_EQ(task.outputs(1).path(), "/w/*.x");
  EXPECT_EQ(task.outputs(1).path_prefix(), "/w");
  EXPECT_EQ(task.outputs(2).path(), "/w/all");
  EXPECT_EQ(task.volumes(0), "/v");
}

TEST(TesRead, AnAbsolutePathIsTheUrlOfAFile) {
  const auto read = read_task(parsed(
      R"({"executors": [{"image": "a", "command": ["b"]}], "inputs": [{"path": "/i", "url": "/srv/50% of it"}],
          "outputs": [{"path": "/o", "url": "/srv/o/"}]})"));
  ASSERT_TRUE(read) << to_line(read.error().front());
  EXPECT_EQ(read->task.inputs(0).url(), "file:///srv/50%25 of it");
  EXPECT_EQ(read->task.outputs(0).url(), "file:///srv/o/");
}

TEST(TesRead, UnsupportedBackendParametersAreLeftOutUnlessStrict) {
  const std::string body = R"({"executors": [{"image": "a", "command": ["b"]}],
    "resources": {"backend_parameters": {"VmSize": "Standard_D64_v3", "wall_time": "2h"}, "backend_parameters_strict": )";
  const auto lax = read_task(parsed(body + "false}}"));
  ASSERT_TRUE(lax);
  ASSERT_EQ(lax->warnings.size(), 1U);
  EXPECT_EQ(lax->task.resources().backend_parameters_size(), 1);
  const auto strict = read_task(parsed(body + "true}}"));
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().front().pointer, "/resources/backend_parameters/VmSize");
}

TEST(TesRead, QuotedWildcardsAreNone) {
  EXPECT_TRUE(has_wildcard("/a/*.bam"));
  EXPECT_TRUE(has_wildcard("/a/[ab]"));
  EXPECT_FALSE(has_wildcard("/a/[ab"));
  EXPECT_FALSE(has_wildcard(R"(/path/with/wildc\*rd_char\?)"));
  const auto read = read_task(parsed(
      R"({"executors": [{"image": "a", "command": ["b"]}],
          "outputs": [{"url": "https://h/wildc*ard_char?", "path": "/path/with/wildc\\*rd\\?"}]})"));
  EXPECT_TRUE(read);
}

struct Wrong {
  const char* task;
  const char* pointer;
  const char* says;
};

void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << wrong.pointer << " " << wrong.says;
}

class OneMistake : public testing::TestWithParam<Wrong> {};

TEST_P(OneMistake, IsNamedByItsPointer) {
  const auto read =
      read_task(parsed(GetParam().task), {{"accelerator", "accelerators", "wall_time"}, {"research"}});
  ASSERT_FALSE(read) << GetParam().task;
  ASSERT_EQ(read.error().size(), 1U) << to_line(read.error()[1]);
  EXPECT_EQ(read.error()[0].pointer, GetParam().pointer);
  EXPECT_THAT(to_line(read.error()[0]), HasSubstr(GetParam().says));
}

#define EXECUTORS R"("executors": [{"image": "a", "command": ["b"]}])"
#define EXECUTOR(extra) R"({"executors": [{"image": "a", "command": ["b"], )" extra "}]}"
#define TASK(extra) "{" EXECUTORS ", " extra "}"
#define INPUT(members) TASK(R"("inputs": [{)" members "}]")
#define OUTPUT(members) TASK(R"("outputs": [{)" members "}]")
#define RESOURCES(members) TASK(R"("resources": {)" members "}")

INSTANTIATE_TEST_SUITE_P(
    Whole, OneMistake,
    testing::Values(Wrong{"[]", "", "is a list; expected an object"}, Wrong{"null", "", "is null"},
                    Wrong{"{}", "", "\"executors\" is missing"},
                    Wrong{R"({"executors": []})", "/executors", "is empty"},
                    Wrong{R"({"executors": {}})", "/executors", "expected a list"},
                    Wrong{R"({"executors": [7]})", "/executors/0", "is a number; expected an object"},
                    Wrong{TASK(R"("nmae": "x")"), "/nmae", "did you mean \"name\"?"},
                    Wrong{TASK(R"("a~/b": 1)"), "/a~0~1b", "unknown member"},
                    Wrong{TASK(R"("name": 7)"), "/name", "put it in quotes"},
                    Wrong{TASK(R"("name": ["x"])"), "/name", "is a list; expected a string"},
                    Wrong{TASK(R"("name": "a\u0000b")"), "/name", "NUL"},
                    Wrong{TASK(R"("description": true)"), "/description", "expected a string"},
                    Wrong{TASK(R"("volumes": "/x")"), "/volumes", "expected a list"},
                    Wrong{TASK(R"("volumes": ["x"])"), "/volumes/0", "is not absolute"},
                    Wrong{TASK(R"("volumes": [""])"), "/volumes/0", "is empty"},
                    Wrong{TASK(R"("volumes": [1])"), "/volumes/0", "expected a string"},
                    Wrong{TASK(R"("tags": [])"), "/tags", "expected an object of strings"},
                    Wrong{TASK(R"("tags": {"year": 2025})"), "/tags/year", "put it in quotes"},
                    Wrong{TASK(R"("tags": {"": "x"})"), "/tags/", "not a usable name"},
                    Wrong{TASK(R"("tags": {"purpose": "reserch"})"), "/tags/purpose",
                          "did you mean \"research\"?"},
                    Wrong{TASK(R"("tags": {"output:x": "model"})"), "/tags/output:x", "names no output"},
                    Wrong{TASK(R"("tags": {"input:/x": "code"})"), "/tags/input:~1x", "names no input"}));

INSTANTIATE_TEST_SUITE_P(
    Executor, OneMistake,
    testing::Values(
        Wrong{R"({"executors": [{"command": ["b"]}]})", "/executors/0", "\"image\" is missing"},
        Wrong{R"({"executors": [{"image": "", "command": ["b"]}]})", "/executors/0/image", "is empty"},
        Wrong{R"({"executors": [{"image": 1, "command": ["b"]}]})", "/executors/0/image", "a number"},
        Wrong{R"({"executors": [{"image": "a b", "command": ["b"]}]})", "/executors/0/image", "white space"},
        Wrong{R"({"executors": [{"image": "a"}]})", "/executors/0", "\"command\" is missing"},
        Wrong{R"({"executors": [{"image": "a", "command": []}]})", "/executors/0/command", "is empty"},
        Wrong{R"({"executors": [{"image": "a", "command": "ls"}]})", "/executors/0/command", "a list"},
        Wrong{R"({"executors": [{"image": "a", "command": [""]}]})", "/executors/0/command/0", "is empty"},
        Wrong{R"({"executors": [{"image": "a", "command": ["x", 1]}]})", "/executors/0/command/1", "quotes"},
        Wrong{R"({"executors": [{"image": "a", "command": ["x\u0000"]}]})", "/executors/0/command/0", "NUL"},
        Wrong{EXECUTOR(R"("imgae": "x")"), "/executors/0/imgae", "did you mean \"image\"?"},
        Wrong{EXECUTOR(R"("workdir": "tmp")"), "/executors/0/workdir", "is not absolute"},
        Wrong{EXECUTOR(R"("workdir": 1)"), "/executors/0/workdir", "expected a string"},
        Wrong{EXECUTOR(R"("stdin": "in")"), "/executors/0/stdin", "is not absolute"},
        Wrong{EXECUTOR(R"("stdout": "/a/../b")"), "/executors/0/stdout", "holds \"..\""},
        Wrong{EXECUTOR(R"("stderr": "/")"), "/executors/0/stderr", "root folder"},
        Wrong{EXECUTOR(R"("env": [])"), "/executors/0/env", "an object of strings"},
        Wrong{EXECUTOR(R"("env": {"A": 1})"), "/executors/0/env/A", "quotes"},
        Wrong{EXECUTOR(R"("env": {"A=B": "x"})"), "/executors/0/env/A=B", "'='"},
        Wrong{EXECUTOR(R"("ignore_error": "yes")"), "/executors/0/ignore_error", "true or false"}));

INSTANTIATE_TEST_SUITE_P(
    Input, OneMistake,
    testing::Values(
        Wrong{INPUT(R"("url": "dataset:x")"), "/inputs/0", "\"path\" is missing"},
        Wrong{INPUT(R"("url": "dataset:x", "path": "")"), "/inputs/0/path", "is empty"},
        Wrong{INPUT(R"("url": "dataset:x", "path": "data")"), "/inputs/0/path", "is not absolute"},
        Wrong{INPUT(R"("url": "dataset:x", "path": "/")"), "/inputs/0/path", "root folder"},
        Wrong{INPUT(R"("url": "dataset:x", "path": "/a/./b")"), "/inputs/0/path", "holds \".\""},
        Wrong{INPUT(R"("path": "/a")"), "/inputs/0", "neither \"url\" nor \"content\""},
        Wrong{INPUT(R"("path": "/a", "url": "")"), "/inputs/0/url", "is empty"},
        Wrong{INPUT(R"("path": "/a", "url": 1)"), "/inputs/0/url", "expected a string"},
        Wrong{INPUT(R"("path": "/a", "url": "relative/path")"), "/inputs/0/url", "no URL of a known kind"},
        Wrong{INPUT(R"("path": "/a", "url": "htps://x")"), "/inputs/0/url", "did you mean \"https\"?"},
        Wrong{INPUT(R"("path": "/a", "url": "result:x")"), "/inputs/0/url", "no URL of a known kind"},
        Wrong{INPUT(R"("path": "/a", "url": "dataset:")"), "/inputs/0/url", "no name of a dataset"},
        Wrong{INPUT(R"("path": "/a", "url": "dataset:../x")"), "/inputs/0/url", "no name of a dataset"},
        Wrong{INPUT(R"("path": "/a", "url": "file://host/x")"), "/inputs/0/url", "file:///PATH"},
        Wrong{INPUT(R"("path": "/a", "url": "file:///a/../../etc")"), "/inputs/0/url", "\"..\""},
        Wrong{INPUT(R"("path": "/a", "url": "https:x")"), "/inputs/0/url", "not a whole URL"},
        Wrong{INPUT(R"("path": "/a", "url": "https://a b")"), "/inputs/0/url", "white space"},
        Wrong{INPUT(R"("path": "/a", "url": "/x/../y")"), "/inputs/0/url", "\"..\""},
        Wrong{INPUT(R"("path": "/a", "url": "dataset:x", "type": "file")"), "/inputs/0/type",
              "FILE or DIRECTORY"},
        Wrong{INPUT(R"("path": "/a", "url": "dataset:x", "type": 1)"), "/inputs/0/type", "expected a string"},
        Wrong{INPUT(R"("path": "/a", "content": 1)"), "/inputs/0/content", "put it in quotes"},
        Wrong{INPUT(R"("path": "/a", "content": "x", "type": "DIRECTORY")"), "/inputs/0/type",
              "makes a file"},
        Wrong{INPUT(R"("path": "/a", "content": "x", "streamable": 1)"), "/inputs/0/streamable",
              "true or false"},
        Wrong{INPUT(R"("path": "/a", "content": "x", "contents": "y")"), "/inputs/0/contents",
              "\"content\"?"},
        Wrong{INPUT(R"("path": "/a", "content": "x"}, {"path": "//a", "content": "y")"), "/inputs/1/path",
              "/inputs/0 too"},
        Wrong{INPUT(R"("path": "/a/b", "content": "x"}, {"path": "/a", "content": "y")"), "/inputs/0/path",
              "which is a file"}));

INSTANTIATE_TEST_SUITE_P(
    Output, OneMistake,
    testing::Values(
        Wrong{OUTPUT(R"("url": "result:x")"), "/outputs/0", "\"path\" is missing"},
        Wrong{OUTPUT(R"("path": "/x")"), "/outputs/0", "\"url\" is missing"},
        Wrong{OUTPUT(R"("path": "/x", "url": "")"), "/outputs/0/url", "is empty"},
        Wrong{OUTPUT(R"("path": "/x", "url": "dataset:x")"), "/outputs/0/url", "no URL of a known kind"},
        Wrong{OUTPUT(R"("path": "/x", "url": "result:a/b")"), "/outputs/0/url", "no name of a result"},
        Wrong{OUTPUT(R"("path": "/x/*", "url": "file:///x")"), "/outputs/0", "\"path_prefix\" is missing"},
        Wrong{OUTPUT(R"("path": "/x/*", "path_prefix": "/y", "url": "file:///x")"), "/outputs/0/path_prefix",
              "not the beginning"},
        Wrong{OUTPUT(R"("path": "/x/*/a", "path_prefix": "/x/*", "url": "file:///x")"),
              "/outputs/0/path_prefix", "without wildcards"},
        Wrong{OUTPUT(R"("path": "/x", "url": "result:x", "type": "DIR")"), "/outputs/0/type",
              "FILE or DIRECTORY"},
        Wrong{OUTPUT(R"("path": "/x", "url": "result:x", "content": "")"), "/outputs/0/content",
              "unknown member"},
        Wrong{TASK(R"("outputs": [{"path": "/x", "url": "result:x"}], "tags": {"output:x": "code"})"),
              "/tags/output:x", "no kind of output"},
        Wrong{
            TASK(R"("outputs": [{"path": "/x", "url": "result:model"}], "tags": {"output:modle": "model"})"),
            "/tags/output:modle", "did you mean \"model\"?"}));

INSTANTIATE_TEST_SUITE_P(
    Resources, OneMistake,
    testing::Values(Wrong{TASK(R"("resources": [])"), "/resources", "expected an object"},
                    Wrong{RESOURCES(R"("cpus": 1)"), "/resources/cpus", "unknown member"},
                    Wrong{RESOURCES(R"("cpu_cores": "8")"), "/resources/cpu_cores", "a whole number"},
                    Wrong{RESOURCES(R"("cpu_cores": 1.5)"), "/resources/cpu_cores", "out of range"},
                    Wrong{RESOURCES(R"("cpu_cores": -1)"), "/resources/cpu_cores", "out of range"},
                    Wrong{RESOURCES(R"("cpu_cores": 18446744073709551615)"), "/resources/cpu_cores",
                          "out of range"},
                    Wrong{RESOURCES(R"("ram_gb": -0.1)"), "/resources/ram_gb", "out of range"},
                    Wrong{RESOURCES(R"("ram_gb": 1e300)"), "/resources/ram_gb", "out of range"},
                    Wrong{RESOURCES(R"("ram_gb": "64")"), "/resources/ram_gb", "a number of GB"},
                    Wrong{RESOURCES(R"("disk_gb": -2)"), "/resources/disk_gb", "out of range"},
                    Wrong{RESOURCES(R"("preemptible": 1)"), "/resources/preemptible", "true or false"},
                    Wrong{RESOURCES(R"("zones": "shenzhen")"), "/resources/zones", "expected a list"},
                    Wrong{RESOURCES(R"("zones": [""])"), "/resources/zones/0", "is empty"},
                    Wrong{RESOURCES(R"("zones": [1])"), "/resources/zones/0", "expected a string"},
                    Wrong{RESOURCES(R"("backend_parameters": {"accelerators": 8})"),
                          "/resources/backend_parameters/accelerators", "quotes"},
                    Wrong{RESOURCES(R"("backend_parameters": {"accelerators": "0"})"),
                          "/resources/backend_parameters/accelerators", "number of accelerators"},
                    Wrong{RESOURCES(R"("backend_parameters": {"wall_time": "2 hours"})"),
                          "/resources/backend_parameters/wall_time", "no duration"},
                    Wrong{RESOURCES(R"("backend_parameters": {"accelerator": "x", "Accelerator": "y"})"),
                          "/resources/backend_parameters/accelerator", "is there twice"},
                    Wrong{RESOURCES(R"("backend_parameters_strict": "no")"),
                          "/resources/backend_parameters_strict", "true or false"}));

TEST(TesRead, AllMistakesOfATaskAreReportedAtOnce) {
  const auto read = read_task(parsed(
      R"({"nmae": 1, "executors": [{"image": "", "command": []}], "inputs": [{"path": "x", "url": "y"}]})"));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().size(), 5U);
}

TEST(TesRead, LimitsHold) {
  json::object task = parsed(TASK(R"("name": "x")")).as_object();
  const auto pointer_of = [](const json::object& t) {
    const auto read = read_task(t);
    return read ? std::string("accepted") : read.error().front().pointer;
  };
  const auto with = [&](const char* key, const auto& value) {
    json::object copy = task;
    copy[key] = value;
    return pointer_of(copy);
  };
  EXPECT_EQ(with("name", std::string(limits::kTextFieldBytesMax, 'x')), "accepted");
  EXPECT_EQ(with("name", std::string(limits::kTextFieldBytesMax + 1, 'x')), "/name");
  json::array executors(limits::kExecutorsMax + 1, task["executors"].as_array()[0]);
  EXPECT_EQ(with("executors", executors), "/executors");
  executors.pop_back();
  EXPECT_EQ(with("executors", executors), "accepted");
  json::object tags;
  for (size_t i = 0; i <= limits::kTagsMax; ++i) tags["t" + std::to_string(i)] = "v";
  EXPECT_EQ(with("tags", tags), "/tags");
  json::object input;
  input["path"] = "/x";
  input["content"] = std::string(limits::kInlineContentBytesMax, 'x');
  EXPECT_EQ(with("inputs", json::array{input}), "accepted");
  input["content"] = std::string(limits::kInlineContentBytesMax + 1, 'x');
  EXPECT_EQ(with("inputs", json::array{input}), "/inputs/0/content");
  input["content"] = "x";
  EXPECT_EQ(with("inputs", json::array(limits::kInputsMax + 1, input)), "/inputs");
  json::array many(500, json::value(1));
  const auto read = read_task(json::object{{"executors", task["executors"]}, {"inputs", many}});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().size(), kMistakesMax);
}

}  // namespace
}  // namespace hetao::tes
