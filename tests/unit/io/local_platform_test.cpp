// From a task to a sandbox's wish list, and what an inspection says of an item.
#include "gateway/io/run_folder.h"

#include <gtest/gtest.h>

#include <map>

#include "gateway/io/inspector.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

class ARun : public ::testing::Test {
 protected:
  ARun() {
    pb::Task& task = *run_.mutable_task();
    task.set_name("a job");
    pb::Executor& executor = *task.add_executors();
    executor.set_image("host/sh");
    executor.add_command("/bin/true");
    executor.set_stdout("/out/log");
    pb::Tag& variable = *executor.add_env();
    variable.set_key("N");
    variable.set_value("1");
    platform_.cpu_cores = 4;
  }
  void add_input(const std::string& path, const std::vector<std::string>& names) {
    run_.mutable_task()->add_inputs()->set_path(path);
    pb::Item& item = *run_.add_items();
    item.set_name(path);
    for (const std::string& name : names) {
      pb::ItemFile& file = *item.add_files();
      file.set_path(name);
      file.set_digest(blobs_.ingest_bytes("content of " + name)->digest);
    }
  }
  Result<platforms::RunSpec> spec() const { return run_spec_of("job.1", run_, platform_, blobs_); }

  testing_support::TemporaryFolder folder_;
  BlobStore blobs_ = BlobStore::open(folder_ / "blobs").value();
  LocalPlatformConfig platform_;
  pb::Run run_;
};

TEST_F(ARun, MountsAFileAndAFolderFromTheirBlobsReadOnly) {
  add_input("/job/code.py", {""});
  add_input("/data", {"a.csv", "deep/b.csv"});
  const auto made = spec();
  ASSERT_TRUE(made) << to_line(made.error());
  ASSERT_EQ(made->mounts.size(), 2U);
  EXPECT_EQ(made->mounts[0].source, blobs_.path_of(run_.items(0).files(0).digest()).value());
  EXPECT_FALSE(made->mounts[0].directory);
  EXPECT_EQ(made->mounts[0].mode, platforms::MountMode::kReadOnly);
  ASSERT_EQ(made->mounts[1].files.size(), 2U);
  EXPECT_EQ(made->mounts[1].files[1].name, "deep/b.csv");
  EXPECT_TRUE(platforms::check(*made)) << to_line(platforms::check(*made).error());
}

TEST_F(ARun, CarriesExecutorsOutputsAndVolumesOver) {
  pb::Output& output = *run_.mutable_task()->add_outputs();
  output.set_path("/out/*.csv");
  output.set_path_prefix("/out");
  output.set_type(pb::FILE_TYPE_FILE);
  run_.mutable_task()->add_volumes("/scratch");
  const auto made = spec().value();
  EXPECT_EQ(made.executors[0].command, (std::vector<std::string>{"/bin/true"}));
  EXPECT_EQ(made.executors[0].env.front().first, "N");
  EXPECT_EQ(made.executors[0].stdout_path, "/out/log");
  EXPECT_EQ(made.outputs[0].path_prefix, "/out");
  EXPECT_EQ(made.outputs[0].type, platforms::OutputType::kFile);
  EXPECT_EQ(made.volumes.front(), "/scratch");
  EXPECT_FALSE(made.network) << "unless an obligation allows it";
}

TEST_F(ARun, IsRefusedWhatThePlatformDoesNotGive) {
  run_.mutable_task()->mutable_resources()->set_cpu_cores(5);
  const auto made = spec();
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().why.find("asks for 5"), std::string::npos);
}

TEST_F(ARun, IsRefusedWithoutTheContentOfAnInput) {
  run_.mutable_task()->add_inputs()->set_path("/data");
  EXPECT_FALSE(spec());
}

pb::Item item_with(BlobStore& blobs, const std::string& text) {
  pb::Item item;
  item.add_files()->set_digest(blobs.ingest_bytes(text)->digest);
  return item;
}

std::map<std::string, std::string> facts_of(const Inspection& found) {
  std::map<std::string, std::string> facts;
  for (const pb::Fact& fact : found.facts)
    facts[fact.name()] = fact.has_text() ? fact.text() : std::to_string(fact.number());
  return facts;
}

TEST_F(ARun, IsInspectedBeforeItsResultsLeave) {
  const auto clean =
      ItemInspector().inspect(blobs_, item_with(blobs_, "district,count\nFutian,40\nNanshan,12\n"), "");
  EXPECT_EQ(facts_of(clean).at("inspection.verdict"), "clean");
  EXPECT_EQ(facts_of(clean).at("result.min_group"), "12");
  const auto found = ItemInspector().inspect(blobs_, item_with(blobs_, "id\n11010519491231002X\n"), "");
  EXPECT_EQ(facts_of(found).at("inspection.verdict"), "identifiers");
  EXPECT_EQ(facts_of(found).at("inspection.findings.cn_resident_id"), "1");
  EXPECT_EQ(found.summary.find("1101051949"), std::string::npos) << "a finding is never told in full";
  const auto unreadable = ItemInspector().inspect(blobs_, item_with(blobs_, std::string(64, '\1')), "");
  EXPECT_EQ(facts_of(unreadable).at("inspection.verdict"), "incomplete");
}

TEST_F(ARun, IsNotTakenForCleanWhenNothingCouldBeRead) {
  pb::Item gone = item_with(blobs_, "gone");
  ASSERT_TRUE(blobs_.remove(gone.files(0).digest()));
  EXPECT_EQ(facts_of(ItemInspector().inspect(blobs_, gone, "")).at("inspection.verdict"), "not-run");
  EXPECT_EQ(
      facts_of(ItemInspector().inspect(blobs_, item_with(blobs_, "x"), "medical")).at("inspection.verdict"),
      "not-run");
}

}  // namespace
}  // namespace hetao::io
