#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cli/program.h"

namespace hetao::cli {
namespace {

using testing::HasSubstr;

// A good file gets as far as the gateway, which is not there: exit 8. A wrong one never does: exit 2.
Said submit(const Program& hetao, const std::string& text, const std::vector<std::string>& more = {}) {
  hetao.write("job.yaml", text);
  std::vector<std::string> words = {"submit", "job.yaml", "--gateway", "https://127.0.0.1:9"};
  words.insert(words.end(), more.begin(), more.end());
  return hetao.run(words);
}

constexpr const char* kGood = R"(name: road-sign-training
executors:
  - {image: "registry/pytorch-ascend:2.4", command: [python, /job/train.py, 1]}
inputs:
  - {url: "dataset:szu-road-signs-2025", path: /data}
  - {content: "print 1",
                     path : / job / train.py
}
outputs:
  - {path: /out/model.bin, url: "result:model.bin", type: FILE}
resources:
  cpu_cores: 8
  ram_gb: 0.5
  zones: [shenzhen]
  backend_parameters: {accelerator: ascend910b, accelerators: "8"}
tags: {purpose: research, project: joint-lab-7, "output:model.bin": model, year: 2025}
)";

TEST(JobFile, YamlAndJsonAreRead) {
  const Program hetao;
  const Said yaml = submit(hetao, kGood);
  EXPECT_EQ(yaml.code, 8) << yaml.err;
  const Said json = submit(hetao, R"({"executors": [{"image": "a", "command": ["b"]}]})");
  EXPECT_EQ(json.code, 8) << json.err;
}

constexpr const char* kSweep = R"(name: tune
sweep:
  values:
    rate: [0.1, 0.01]
    seed: {from: 1, to: 3}
  exclude: [{rate: 0.01, seed: 3}]
executors:
  - {image: a, command: [train, "${sweep.rate}", "${sweep.seed}", "$HOME ${HOME} ${sweep.index}"]}
resources: {cpu_cores: "${sweep.seed}"}
)";

TEST(JobFile, ASweepIsReadAndWrongOnesAreNot) {
  const Program hetao;
  const Said good = submit(hetao, kSweep);
  EXPECT_EQ(good.code, 8) << good.err;
  EXPECT_THAT(good.err, HasSubstr("5 jobs"));
  const std::pair<const char*, const char*> cases[] = {
      {"sweep: 3", "sweep"},
      {"sweep: {}", "values"},
      {"sweep: {values: {}}", "0 parameters"},
      {"sweep: {valus: {a: [1]}}", "did you mean values?"},
      {"sweep: {values: {a: []}}", "is empty"},
      {"sweep: {values: {a: [[1]]}}", "a text"},
      {"sweep: {values: {index: [1]}}", "is no name of a parameter"},
      {"sweep: {values: {'a b': [1]}}", "is no name of a parameter"},
      {"sweep: {values: {a: {from: 1, to: 1001}}}", "is no range"},
      {"sweep: {values: {a: {from: 3, to: 1}}}", "is no range"},
      {"sweep: {values: {a: {from: 1, to: 5, step: 0}}}", "step"},
      {"sweep: {values: {a: {from: 1, to: 40}, b: {from: 1, to: 40}}}", "more than 1000"},
      {"sweep: {values: {a: [1]}, exclude: [{b: 1}]}", "in no element"},
      {"sweep: {values: {a: [1]}, exclude: [{a: 1}]}", "every element is excluded"},
      {"sweep: {values: {rate: [1]}}\ntags: {x: \"${sweep.rat}\"}", "did you mean \"rate\"?"},
      {"sweep: {values: {a: [1]}}\ntags: {x: \"${sweep.a\"}", "is no parameter"},
      {"sweep: {values: {a: [many]}}\nresources: {cpu_cores: \"${sweep.a}\"}", "(with a=many)"},
  };
  for (const auto& [text, says] : cases) {
    const Said wrong = submit(hetao, std::string("executors: [{image: a, command: [b]}]\n") + text + "\n");
    EXPECT_EQ(wrong.code, 2) << text;
    EXPECT_THAT(wrong.err, HasSubstr(says)) << text;
    EXPECT_THAT(wrong.err, HasSubstr("job.yaml:")) << text;
  }
}

struct Wrong {
  const char* text;
  const char* place;
  const char* says;
};

TEST(JobFile, MistakesHaveFileLineColumnAndAdvice) {
  const Wrong cases[] = {
      {"name: x\n", "job.yaml:1:1:", "\"executors\" is missing"},
      {"nmae: x\nexecutors: [{image: a, command: [b]}]\n", "job.yaml:1:1:", "did you mean \"name\"?"},
      {"executors:\n  - imgae: a\n    command: [b]\n", "job.yaml:2:5:", "did you mean \"image\"?"},
      {"executors: [{image: a, command: [b]}]\nresources: {cpu_cores: many}\n",
       "job.yaml:2:24:", "a whole number"},
      {"executors: [{image: a, command: [b]}]\ninputs:\n  - {url: \"dataset:x\", path: data}\n",
       "job.yaml:3:30:", "is not absolute"},
      {"executors: [{image: a, command: [b]}]\nexecutors: []\n", "job.yaml:2:1:", "executors"},
      {"executors: [{image: a, command: [b]}\n", "job.yaml:", ""},
      {"- a\n", "job.yaml:1:1:", "is no job"},
      {"", "job.yaml:", ""}};
  const Program hetao;
  for (const Wrong& wrong : cases) {
    const Said said = submit(hetao, wrong.text);
    EXPECT_EQ(said.code, 2) << wrong.text << said.err;
    EXPECT_THAT(said.err, HasSubstr(std::string("hetao: ") + wrong.place)) << wrong.text;
    EXPECT_THAT(said.err, HasSubstr(wrong.says)) << wrong.text;
  }
}

TEST(JobFile, EveryMistakeHasALine) {
  const Program hetao;
  const Said said = submit(hetao, "nmae: x\nexecutors:\n  - {image: '', command: []}\n");
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(lines_of(said.err), 3U) << said.err;
}

TEST(JobFile, AMissingFileIsNamed) {
  const Program hetao;
  for (const char* command : {"submit", "explain"}) {
    const Said said = hetao.run({command, "none.yaml", "--gateway", "https://127.0.0.1:9"});
    EXPECT_EQ(said.code, 2) << said.err;
    EXPECT_THAT(said.err, HasSubstr("none.yaml"));
  }
}

}  // namespace
}  // namespace hetao::cli
