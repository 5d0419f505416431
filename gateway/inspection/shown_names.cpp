#include "gateway/inspection/shown_names.h"

#include <algorithm>

#include "gateway/inspection/kinds.h"
#include "gateway/inspection/patterns.h"
#include "gateway/inspection/scan/window.h"

namespace hetao::inspection {

namespace {

bool is_of_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20U) >= 'a' && (byte | 0x20U) <= 'z');
}

std::vector<std::string> all_kinds(const PatternSet* patterns) {
  std::vector<std::string> all;
  for (size_t i = 0; i < kKinds; ++i) all.emplace_back(facts_of(static_cast<Kind>(i)).name);
  if (patterns == nullptr) return all;
  for (const Pattern& pattern : patterns->patterns()) all.push_back(pattern.name);
  return all;
}

}  // namespace

void ShownNames::mask(Report& report) {
  for (Finding& finding : report.findings) mask(finding.path);
  for (Noise& noise : report.noise) mask(noise.path);
  for (Format& format : report.formats) mask(format.path);
  for (Table& table : report.tables) {
    mask(table.path);
    for (std::string& column : table.columns) mask(column);
  }
  for (std::string& what : report.coverage.not_read) mask(what);
}

void ShownNames::mask(std::string& name) {
  if (name.empty()) return;
  if (const auto it = known_.find(name); it != known_.end()) {
    name = it->second;
    return;
  }
  std::string padded = name;
  padded.append(kMaskPadBytes, '\0');
  Window window;
  window.text = std::string_view(padded).substr(0, name.size());
  window.until = name.size();
  Tally tally(true);
  std::vector<Embedded> encoded;
  scan_window(window, {}, {options_.latest_birth_day, options_.engine}, tally, encoded);
  if (options_.patterns != nullptr) options_.patterns->scan(window, tally);
  std::string shown = name;
  const auto spans = tally.spans(all_kinds(options_.patterns), false);
  for (const Span& span : spans.value_or(std::vector<Span>{{0, name.size()}})) {
    for (size_t i = static_cast<size_t>(span.begin); i < std::min<size_t>(span.end, shown.size()); ++i) {
      if (is_of_word(shown[i])) shown[i] = '*';
    }
  }
  known_.emplace(name, shown);
  name = std::move(shown);
}

}  // namespace hetao::inspection
