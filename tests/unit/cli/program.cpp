#include "tests/unit/cli/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateway/base/check.h"

namespace hetao::cli {

namespace fs = std::filesystem;

Program::Program() {
  std::string pattern = (fs::temp_directory_path() / "hetao-cli-XXXXXX").string();
  HETAO_CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
}

Program::~Program() {
  std::error_code error;
  fs::remove_all(folder_, error);
}

Said Program::run(const std::vector<std::string>& arguments, const std::string& input,
                  const std::map<std::string, std::string>& environment) const {
  write(".in", input);
  std::vector<std::string> words = {std::string(HETAO_BIN_DIR) + "/hetao"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> settings = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
  for (const auto& [name, value] : environment) settings.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (std::string& setting : settings) envp.push_back(setting.data());
  envp.push_back(nullptr);
  const std::string in = path(".in");
  const std::string out = path(".out");
  const std::string err = path(".err");
  const pid_t child = fork();
  if (child == 0) {
    const auto redirect = [](const std::string& file, int flags, int to) {
      const int from = open(file.c_str(), flags, 0600);
      if (from < 0 || dup2(from, to) < 0) _exit(126);
    };
    redirect(in, O_RDONLY, 0);
    redirect(out, O_WRONLY | O_CREAT | O_TRUNC, 1);
    redirect(err, O_WRONLY | O_CREAT | O_TRUNC, 2);
    if (chdir(folder_.c_str()) != 0) _exit(126);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  int status = 0;
  HETAO_CHECK(waitpid(child, &status, 0) == child);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read(".out"), read(".err")};
}

void Program::write(const std::string& name, const std::string& text) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary) << text;
}

std::string Program::read(const std::string& name) const {
  std::ifstream file(path(name), std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

json::object object_of(const std::string& text) {
  auto value = parse_json(text, "output");
  EXPECT_TRUE(value && value->is_object()) << text;
  return value && value->is_object() ? value->get_object() : json::object();
}

size_t lines_of(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace hetao::cli
