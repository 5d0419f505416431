#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "gateway/platforms/platform.h"

namespace hetao::platforms {
namespace {

using testing::HasSubstr;

RunSpec full_spec() {
  RunSpec spec;
  spec.key = "job-7.1";
  spec.name = "路標 training \"quoted\"\n";
  spec.executors = {{"registry/pytorch:2.4",
                     {"python", "/job/train.py", "--x=a b"},
                     "/work",
                     "/in.txt",
                     "/out/log",
                     "/out/log",
                     {{"A", "1"}, {"PATH", "/x:/y"}},
                     true},
                    {"debian", {"true"}, "", "", "", "", {}, false}};
  spec.mounts = {
      {"/data", MountMode::kReadOnly, true, "", {{"a.csv", "/blobs/1"}, {"sub/b.csv", "/blobs/2"}}},
      {"/job/train.py", MountMode::kCopy, false, "/blobs/3", {}},
      {"/store", MountMode::kReadWrite, true, "/srv/staging", {}}};
  spec.outputs = {{"/out/model.bin", "", OutputType::kFile}, {"/out/*.txt", "/out", OutputType::kAny}};
  spec.volumes = {"/vol"};
  spec.limits = {8, int64_t{64} << 30U, int64_t{100} << 30U, 3'600, 5, 1'000};
  spec.network = true;
  return spec;
}

std::string line_of(const Result<void>& result) {
  return result ? "accepted" : to_line(result.error());
}

TEST(RunSpec, ReadsBackWhatItPrints) {
  const RunSpec spec = full_spec();
  ASSERT_EQ(line_of(check(spec)), "accepted");
  const auto read = parse_run_spec(json::serialize(to_json(spec)));
  ASSERT_TRUE(read) << to_line(read.error());
  EXPECT_EQ(*read, spec);
}

TEST(RunSpec, DefaultsAreUsedWhenLimitsAreAbsent) {
  const auto read = parse_run_spec(R"({"key":"a.1","executors":[{"image":"x","command":["true"]}]})");
  ASSERT_TRUE(read) << to_line(read.error());
  EXPECT_EQ(read->limits, RunLimits{});
  EXPECT_FALSE(read->network);
}

struct BadJson {
  const char* name;
  const char* text;
  const char* says;
};

class BadRunSpecJson : public testing::TestWithParam<BadJson> {};

TEST_P(BadRunSpecJson, IsRefusedWithItsPlace) {
  const auto read = parse_run_spec(GetParam().text);
  ASSERT_FALSE(read);
  EXPECT_THAT(to_line(read.error()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRunSpecJson,
    testing::Values(
        BadJson{"NotJson", "{", "run specification"}, BadJson{"NotAnObject", "[]", "is not an object"},
        BadJson{"UnknownMember", R"({"key":"a","executor":[]})", "did you mean"},
        BadJson{"UnknownInside", R"({"key":"a","executors":[{"image":"x","command":["y"],"imge":1}]})",
                "executors[0].imge: is not a known member; did you mean image?"},
        BadJson{"WrongType", R"({"key":7})", "key: is not a string"},
        BadJson{"WrongElement", R"({"key":"a","executors":[{"image":"x","command":[1]}]})",
                "executors[0].command"},
        BadJson{"WrongEnv", R"({"key":"a","executors":[{"image":"x","command":["y"],"env":[["A"]]}]})",
                "executors[0].env: has an element that is not [name, value]"},
        BadJson{"WrongMode", R"({"key":"a","mounts":[{"path":"/a","mode":"rw","source":"/b"}]})",
                "mounts[0].mode: is \"rw\""},
        BadJson{"Fraction",
                R"({"key":"a","limits":{"cpu_cores":1.5,"ram_bytes":1,"disk_bytes":1,"wall_seconds":1,)"
                R"("grace_seconds":1,"processes":9}})",
                "limits.cpu_cores: is not a whole number"},
        BadJson{"MissingLimit", R"({"key":"a","limits":{"cpu_cores":1}})", "limits.ram_bytes"},
        BadJson{"DuplicateKey", R"({"key":"a","key":"b"})", "twice"},
        BadJson{"NoExecutor", R"({"key":"a","executors":[]})", "has no executor"}),
    [](const auto& param) { return param.param.name; });

struct BadSpec {
  const char* name;
  void (*spoil)(RunSpec&);
  const char* says;
};

class BadRunSpec : public testing::TestWithParam<BadSpec> {};

TEST_P(BadRunSpec, IsRefusedWithAReason) {
  RunSpec spec = full_spec();
  GetParam().spoil(spec);
  EXPECT_THAT(line_of(check(spec)), HasSubstr(GetParam().says));
  EXPECT_FALSE(parse_run_spec(json::serialize(to_json(spec))));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRunSpec,
    testing::Values(
        BadSpec{"KeyWithSlash", [](RunSpec& s) { s.key = "../a"; }, "run key"},
        BadSpec{"HiddenKey", [](RunSpec& s) { s.key = ".removed.a"; }, "run key"},
        BadSpec{"EmptyKey", [](RunSpec& s) { s.key.clear(); }, "run key"},
        BadSpec{"LongKey", [](RunSpec& s) { s.key = std::string(129, 'a'); }, "run key"},
        BadSpec{"KeyWithSpace", [](RunSpec& s) { s.key = "a b"; }, "run key"},
        BadSpec{"NoImage", [](RunSpec& s) { s.executors[0].image.clear(); }, "has no image"},
        BadSpec{"NoCommand", [](RunSpec& s) { s.executors[1].command.clear(); },
                "executor 1: has no command"},
        BadSpec{"NulInArgument", [](RunSpec& s) { s.executors[0].command[1] = std::string("a\0b", 3); },
                "NUL"},
        BadSpec{"HugeArgument", [](RunSpec& s) { s.executors[0].command[1] = std::string(131'072, 'a'); },
                "128 KiB"},
        BadSpec{"WorkdirUp", [](RunSpec& s) { s.executors[0].workdir = "/a/../b"; }, "workdir"},
        BadSpec{"StdoutInProc", [](RunSpec& s) { s.executors[0].stdout_path = "/proc/1/mem"; }, "stdout"},
        BadSpec{"EnvWithEquals", [](RunSpec& s) { s.executors[0].env = {{"A=B", "c"}}; }, "variable"},
        BadSpec{"EnvNotSorted", [](RunSpec& s) { s.executors[0].env = {{"B", ""}, {"A", ""}}; },
                "not sorted"},
        BadSpec{"EnvTwice", [](RunSpec& s) { s.executors[0].env = {{"A", ""}, {"A", ""}}; }, "twice"},
        BadSpec{"MountTwice", [](RunSpec& s) { s.mounts.push_back(s.mounts[1]); }, "is mounted twice"},
        BadSpec{"VolumeOnMount", [](RunSpec& s) { s.volumes = {"/data"}; }, "is mounted twice"},
        BadSpec{"MountInsideAHostFolder",
                [](RunSpec& s) { s.mounts.push_back({"/store/x", MountMode::kReadOnly, false, "/b", {}}); },
                "lies inside the input \"/store\""},
        BadSpec{"VolumeInsideAFile", [](RunSpec& s) { s.volumes = {"/job/train.py/x"}; }, "lies inside"},
        BadSpec{"RelativeSource", [](RunSpec& s) { s.mounts[1].source = "blobs/3"; }, "not absolute"},
        BadSpec{"NoSource", [](RunSpec& s) { s.mounts[1].source.clear(); }, "has no source"},
        BadSpec{"SourceAndFiles", [](RunSpec& s) { s.mounts[0].source = "/b"; },
                "has a source and files too"},
        BadSpec{"WritableTree", [](RunSpec& s) { s.mounts[0].mode = MountMode::kReadWrite; }, "single files"},
        BadSpec{"FileNameUp", [](RunSpec& s) { s.mounts[0].files[0].name = "../x"; }, "has a part . or .."},
        BadSpec{"FileNameTwice", [](RunSpec& s) { s.mounts[0].files[1].name = "a.csv"; },
                "names a.csv twice"},
        BadSpec{"FileBelowFile", [](RunSpec& s) { s.mounts[0].files[1].name = "a.csv/b"; },
                "as a file and as a folder"},
        BadSpec{"OutputAtRoot", [](RunSpec& s) { s.outputs[0].path = "/"; }, "root of the sandbox"},
        BadSpec{"WildcardWithoutPrefix", [](RunSpec& s) { s.outputs[1].path_prefix.clear(); }, "path_prefix"},
        BadSpec{"NoCores", [](RunSpec& s) { s.limits.cpu_cores = 0; }, "cpu_cores"},
        BadSpec{"NoTime", [](RunSpec& s) { s.limits.wall_seconds = 0; }, "wall time"},
        BadSpec{"TooMuchMemory", [](RunSpec& s) { s.limits.ram_bytes = int64_t{1} << 60U; }, "ram"},
        BadSpec{"NoDisk", [](RunSpec& s) { s.limits.disk_bytes = 0; }, "disk"},
        BadSpec{"NoProcesses", [](RunSpec& s) { s.limits.processes = 1; }, "processes"}),
    [](const auto& param) { return param.param.name; });

TEST(RunSpec, InputsMayLieInsideFoldersThatTheRunnerMakes) {
  RunSpec spec = full_spec();
  spec.mounts.push_back({"/data/extra.csv", MountMode::kReadOnly, false, "/blobs/9", {}});
  EXPECT_EQ(line_of(check(spec)), "accepted");
}

}  // namespace
}  // namespace hetao::platforms
