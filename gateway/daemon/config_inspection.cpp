// The section `inspection`: what this site looks for beside what is built in.
#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/daemon/config_parts.h"
#include "gateway/inspection/patterns.h"

namespace hetao::daemon {

namespace {

using inspection::Pattern;
using policy::MapReader;
using policy::Node;

// Compiled here to be told where it stands if it can't be; each inspection compiles it again.
void read_pattern(Section& s, const Node& node, std::vector<Pattern>& patterns) {
  MapReader map(s.reader, node, "pattern");
  Pattern pattern{map.text("name", MapReader::kNeeded).value_or(""),
                  map.text("expression", MapReader::kNeeded).value_or("")};
  map.done();
  if (pattern.name.empty() || pattern.expression.empty()) return;
  if (std::any_of(patterns.begin(), patterns.end(),
                  [&](const Pattern& other) { return other.name == pattern.name; }))
    return s.reader.report(node, "two patterns are named \"" + printable(pattern.name) + "\"",
                           "a name of its own");
  if (const auto compiled = inspection::PatternSet::compile({pattern}); !compiled)
    return s.reader.report(node, compiled.error().what + " " + compiled.error().why, {},
                           compiled.error().hint);
  patterns.push_back(std::move(pattern));
}

}  // namespace

void read_inspection(Section& s, MapReader& top, Config& config) {
  const Node* node = top.get("inspection");
  if (node == nullptr) return;
  MapReader map(s.reader, *node, "inspection");
  std::vector<Pattern>& patterns = config.shell.inspection_patterns;
  if (const Node* list = map.get("patterns"); list != nullptr && s.reader.expect_list(*list, "patterns")) {
    for (const Node& item : list->items) read_pattern(s, item, patterns);
    if (!patterns.empty() && patterns.size() == list->items.size()) {
      if (const auto all = inspection::PatternSet::compile(patterns); !all)
        s.reader.report(*list, all.error().what + ": " + all.error().why, {}, all.error().hint);
    }
  }
  map.done();
}

}  // namespace hetao::daemon
