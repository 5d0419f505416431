// What comes back from a run.
#include <fstream>

#include "tests/unit/runner/spool_fixture.h"

namespace hetao::runner {
namespace {

using platforms::MountMode;
using platforms::OutputFile;
using platforms::OutputResult;
using platforms::OutputType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Outputs : public SpoolTest {
 protected:
  static std::vector<std::string> paths_of(const OutputResult& result) {
    std::vector<std::string> out;
    for (const OutputFile& file : result.files) out.push_back(file.path);
    return out;
  }
};

TEST_F(Outputs, AFileComesBackWithItsSize) {
  auto spec = shell("job.1", "printf 12345 > /out/model.bin; printf x > /result");
  spec.outputs = {{"/out/model.bin", "", OutputType::kFile}, {"/result", "", OutputType::kAny}};
  const auto status = run(spec);
  ASSERT_EQ(status.outputs.size(), 2U);
  ASSERT_THAT(paths_of(status.outputs[0]), ElementsAre("/out/model.bin"));
  EXPECT_EQ(status.outputs[0].files[0].bytes, 5);
  EXPECT_EQ(output("job.1", status.outputs[0].files[0]), "12345");
  EXPECT_EQ(output("job.1", status.outputs[1].files[0]), "x");
}

TEST_F(Outputs, AFolderIsFlattened) {
  auto spec = shell("job.1", "mkdir -p /out/a/b; echo 1 > /out/x; echo 2 > /out/a/b/'y z'; mkdir /out/empty");
  spec.outputs = {{"/out", "", OutputType::kDirectory}};
  const auto status = run(spec);
  EXPECT_THAT(paths_of(status.outputs[0]), ElementsAre("/out/a/b/y z", "/out/x"));
  EXPECT_EQ(status.outputs[0].note, "");
}

TEST_F(Outputs, WildcardsFindWhatTheySay) {
  auto spec = shell(
      "job.1",
      "cd /out; mkdir r1 r2 other; touch a.txt b.txt .hidden.txt c.bin r1/log.txt r2/log.txt other/log.txt");
  spec.outputs = {{"/out/*.txt", "/out", OutputType::kFile},
                  {"/out/r[0-9]/log.???", "/out", OutputType::kFile},
                  {"/out/r*", "/out", OutputType::kDirectory},
                  {"/out/*.none", "/out", OutputType::kFile}};
  const auto status = run(spec);
  EXPECT_THAT(paths_of(status.outputs[0]), ElementsAre("/out/a.txt", "/out/b.txt"));
  EXPECT_THAT(paths_of(status.outputs[1]), ElementsAre("/out/r1/log.txt", "/out/r2/log.txt"));
  EXPECT_THAT(paths_of(status.outputs[2]), ElementsAre("/out/r1/log.txt", "/out/r2/log.txt"));
  EXPECT_EQ(status.outputs[3], (OutputResult{{}, "nothing is there"}));
}

TEST_F(Outputs, OfAFailedRunTheyComeBackToo) {
  auto spec = shell("job.1", "echo part > /out/log; exit 1");
  spec.outputs = {{"/out/log", "", OutputType::kFile}, {"/out/model", "", OutputType::kFile}};
  const auto status = run(spec);
  EXPECT_EQ(status.failure, "executor 0 ended with exit code 1");
  EXPECT_THAT(paths_of(status.outputs[0]), ElementsAre("/out/log"));
  EXPECT_EQ(status.outputs[1].note, "nothing is there");
}

TEST_F(Outputs, TheWrongKindIsTold) {
  auto spec = shell("job.1", "mkdir /out/dir; rmdir /out/file; touch /out/file; mkfifo /out/pipe");
  spec.outputs = {{"/out/dir", "", OutputType::kFile},
                  {"/out/file", "", OutputType::kDirectory},
                  {"/out/pipe", "", OutputType::kAny}};
  const auto status = run(spec);
  EXPECT_EQ(status.outputs[0].note, "/out/dir is a folder, not a file");
  EXPECT_EQ(status.outputs[1].note, "/out/file is a file, not a folder");
  EXPECT_EQ(status.outputs[2].note, "/out/pipe is no file or folder");
  for (const auto& result : status.outputs) EXPECT_THAT(result.files, IsEmpty());
}

TEST_F(Outputs, LinksLeadNowhereOutside) {
  const std::string secret = folder_.write("secret", "the gateway's key");
  auto spec =
      shell("job.1", "ln -s " + secret + " /out/a; ln -s ../../../../../../../.." + secret +
                         " /out/b; ln -s /proc/self/environ /out/c; mkdir /d; ln -s /etc/passwd /out/e; "
                         "ln -s real /out/f; echo yes > /out/real; ln -s loop /out/loop");
  for (const char* name : {"a", "b", "c", "e", "f", "loop"}) {
    spec.outputs.push_back({std::string("/out/") + name, "", OutputType::kFile});
  }
  const auto status = run(spec);
  for (const size_t outside : {0U, 1U, 2U, 5U})
    EXPECT_THAT(status.outputs[outside].files, IsEmpty()) << outside;
  ASSERT_EQ(status.outputs[3].files.size(), 1U);
  EXPECT_THAT(output("job.1", status.outputs[3].files[0]), HasSubstr("job:x:1000"));  // the sandbox's own
  ASSERT_EQ(status.outputs[4].files.size(), 1U);
  EXPECT_EQ(output("job.1", status.outputs[4].files[0]), "yes\n");
}

TEST_F(Outputs, ALinkToAnInputIsTheInput) {
  auto spec = shell("job.1", "ln -s /data/in.csv /out/same.csv");
  spec.mounts = {{"/data", MountMode::kReadOnly, true, "", {{"in.csv", folder_.write("blob", "1,2\n")}}}};
  spec.outputs = {{"/out/same.csv", "", OutputType::kFile}};
  const auto status = run(spec);
  ASSERT_EQ(status.outputs[0].files.size(), 1U) << status.outputs[0].note;
  EXPECT_EQ(output("job.1", status.outputs[0].files[0]), "1,2\n");
}

TEST_F(Outputs, InputsInsideAnOutputFolderStayBehind) {
  auto spec = shell("job.1", "cp /job/in.csv /job/made.csv");
  spec.mounts = {{"/job/in.csv", MountMode::kReadOnly, false, folder_.write("blob", "1,2\n"), {}}};
  spec.outputs = {{"/job", "", OutputType::kDirectory}};
  const auto status = run(spec);
  EXPECT_THAT(paths_of(status.outputs[0]), ElementsAre("/job/made.csv"));
  EXPECT_EQ(status.outputs[0].note, "/job/in.csv is an input");
}

TEST_F(Outputs, FromAReadWriteFolderTheyAreCopies) {
  const std::string store = folder_.path() + "/store";
  ASSERT_EQ(::mkdir(store.c_str(), 0700), 0);
  auto spec = shell("job.1", "echo made > /jobstore/x");
  spec.mounts = {{"/jobstore", MountMode::kReadWrite, true, store, {}}};
  spec.outputs = {{"/jobstore/x", "", OutputType::kFile}};
  const auto status = run(spec);
  ASSERT_EQ(status.outputs[0].files.size(), 1U);
  std::ofstream(store + "/x") << "changed later";
  EXPECT_EQ(output("job.1", status.outputs[0].files[0]), "made\n");
}

TEST_F(Outputs, ModesThatForbidReadingDoNot) {
  auto spec =
      shell("job.1",
            "mkdir /out/d; echo x > /out/d/f; chmod 0 /out/d/f /out/d; echo y > /out/g; chmod 4000 /out/g");
  spec.outputs = {{"/out/d", "", OutputType::kDirectory}, {"/out/g", "", OutputType::kFile}};
  const auto status = run(spec);
  EXPECT_THAT(paths_of(status.outputs[0]), ElementsAre("/out/d/f"));
  EXPECT_EQ(output("job.1", status.outputs[1].files[0]), "y\n");
}

TEST_F(Outputs, OddNamesComeBackAndImpossibleOnesAreTold) {
  auto spec = python("job.1", "open('/out/a \\'\"\\n名', 'w')\nopen(b'/out/\\xff\\xfe', 'w')");
  spec.outputs = {{"/out", "", OutputType::kDirectory}};
  const auto status = run(spec);
  EXPECT_THAT(paths_of(status.outputs[0]), ElementsAre("/out/a '\"\n名"));
  EXPECT_THAT(status.outputs[0].note, HasSubstr("its name is not UTF-8"));
}

TEST_F(Outputs, OfACancelledRunThereAreNone) {
  auto spec = shell("job.1", "echo x > /out/x; touch /tmp/here; sleep 1000");
  spec.outputs = {{"/out/x", "", OutputType::kFile}};
  submit(spec);
  release("job.1");
  await_file("job.1", "/tmp/here");
  spool().cancel("job.1");
  EXPECT_THAT(wait("job.1").outputs, IsEmpty());
}

}  // namespace
}  // namespace hetao::runner
