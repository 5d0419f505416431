// Reads the members of one JSON object strictly: each at most once asked for, its type and range checked,
// unknown ones refused. The first mistake is kept and everything after it answers a harmless default, so that
// a reader is a straight list of members with one question at its end. Not thread-safe: lives on one stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/base/result.h"

namespace hetao::platforms {

class JsonMembers {
 public:
  // `where` names the object in errors: "executors[2]". Outlived by `value`.
  JsonMembers(const json::value& value, std::string where);

  std::string text(std::string_view name, size_t bytes_max);                                  // absent: empty
  int64_t integer(std::string_view name, int64_t least, int64_t most);                        // must be there
  bool boolean(std::string_view name);                                                        // absent: false
  std::vector<std::string> texts(std::string_view name, size_t count_max, size_t bytes_max);  // absent: none
  // Elements of an array, each to be read by the caller; absent: none.
  const json::array& array(std::string_view name, size_t count_max);
  // The index of `text(name)` in `words`, which has to be there.
  size_t word(std::string_view name, const std::vector<std::string_view>& words);

  // A member that the caller reads itself; null: absent.
  const json::value* member(std::string_view name) { return find(name); }

  std::string element(std::string_view name, size_t index) const;  // "executors[2].mounts[7]"

  void refuse(std::string_view name, std::string why);
  void keep(const Result<void>& result);  // a mistake found inside

  // The first mistake, or an unknown member.
  Result<void> done();

 private:
  const json::value* find(std::string_view name);

  const json::object* object_ = nullptr;
  std::string where_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

}  // namespace hetao::platforms
