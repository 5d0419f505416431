// What a report may show of names: of files inside, of columns and tables. They are foreign words like any
// other, and an identifier in them is masked. Internal to the room.
#pragma once

#include <map>
#include <string>

#include "gateway/inspection/inspector.h"

namespace hetao::inspection {

class ShownNames {
 public:
  explicit ShownNames(const InspectOptions& options) : options_(options) {}
  // All names that a report holds.
  void mask(Report& report);

 private:
  void mask(std::string& name);
  const InspectOptions& options_;
  std::map<std::string, std::string, std::less<>> known_;  // most findings share their paths
};

}  // namespace hetao::inspection
