// Which jobs have the tags that a query asks for, as GA4GH TES 1.1 has it: `tag_key` and `tag_value`,
// repeated, zipped by position; a value that is empty or missing at the end stands for any. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/api/url.h"
#include "gateway/base/result.h"
#include "proto/task.pb.h"

namespace hetao::api {

class TagFilter {
 public:
  static Result<TagFilter> of(const Query& query);
  bool takes(const pb::Task& task) const;

 private:
  std::vector<std::pair<std::string, std::string>> wanted_;
};

}  // namespace hetao::api
