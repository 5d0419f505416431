// Runs `hetao` in an empty folder of its own with a bare environment, and keeps what it said.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/base/json.h"

namespace hetao::cli {

struct Said {
  int code = -1;
  std::string out;
  std::string err;
};

class Program {
 public:
  Program();
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  Said run(const std::vector<std::string>& arguments, const std::string& input = {},
           const std::map<std::string, std::string>& environment = {}) const;

  const std::string& folder() const { return folder_; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;

 private:
  std::string folder_;
};

// The one JSON object of a text.
json::object object_of(const std::string& text);
size_t lines_of(const std::string& text);

}  // namespace hetao::cli
