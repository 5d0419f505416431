#include "gateway/inspection/patterns.h"

#include <hs/hs.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "gateway/base/limits.h"

namespace hetao::inspection {

namespace {

constexpr size_t kPatternsMax = 256;
constexpr size_t kExpressionBytesMax = 1'024;
constexpr unsigned kWidthMax = kLookAheadBytes;

struct FreeDatabase {
  void operator()(hs_database_t* database) const { hs_free_database(database); }
};
struct FreeScratch {
  void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
};

bool good_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && !kind_named(name) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// What makes an expression slow or useless is known before it is compiled.
Result<void> check(const Pattern& pattern) {
  const std::string what = "pattern '" + pattern.name + "'";
  if (!good_name(pattern.name))
    return fail(ErrorCode::kUsage, what, "is no name for a pattern of one's own",
                "use small letters, digits and '_', and no name of a built-in kind");
  if (pattern.expression.empty() || pattern.expression.size() > kExpressionBytesMax)
    return fail(ErrorCode::kUsage, what,
                "has no expression, or one of more than " + std::to_string(kExpressionBytesMax) + " bytes");
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_expression_info(pattern.expression.c_str(), HS_FLAG_SOM_LEFTMOST, &info, &error) != HS_SUCCESS) {
    std::string why = error != nullptr ? error->message : "can't be compiled";
    if (error != nullptr) hs_free_compile_error(error);
    return fail(ErrorCode::kUsage, what, why, "look-around and back-references are not available");
  }
  const unsigned least = info->min_width;
  const unsigned most = info->max_width;
  std::free(info);  // the library's default allocator
  if (least < 4)
    return fail(ErrorCode::kUsage, what, "matches fewer than four bytes", "it would match almost everything");
  if (most > kWidthMax)
    return fail(ErrorCode::kUsage, what,
                "has no bound, or one of more than " + std::to_string(kWidthMax) + " bytes",
                "write {1,64} instead of + and *");
  return {};
}

struct Matching {
  const Window* window = nullptr;
  const std::vector<Pattern>* patterns = nullptr;
  std::map<unsigned, std::pair<size_t, size_t>> last;  // of each pattern: a match that still grows
  Tally* tally = nullptr;
  void close(unsigned id) {
    const auto it = last.find(id);
    if (it == last.end()) return;
    const auto [from, to] = it->second;
    if (from >= window->from && from < window->until) {
      Tally::Hit hit;
      hit.offset = window->offset + from;
      hit.end = window->offset + to;
      hit.custom = (*patterns)[id].name;
      hit.words = true;
      tally->hit(hit);
    }
    last.erase(it);
  }
};

// All ends of a match are told; it counts once, where it begins.
int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned, void* context) {
  auto& matching = *static_cast<Matching*>(context);
  const auto it = matching.last.find(id);
  if (it != matching.last.end() && from >= it->second.second) matching.close(id);
  auto& kept = matching.last.try_emplace(id, from, to).first->second;
  kept.first = std::min<size_t>(kept.first, from);
  kept.second = std::max<size_t>(kept.second, to);
  return 0;
}

}  // namespace

struct PatternSet::Compiled {
  std::vector<Pattern> patterns;
  std::unique_ptr<hs_database_t, FreeDatabase> database;
  std::unique_ptr<hs_scratch_t, FreeScratch> scratch;  // cloned for each scan
};

PatternSet::PatternSet(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
PatternSet::~PatternSet() = default;
PatternSet::PatternSet(PatternSet&&) noexcept = default;
PatternSet& PatternSet::operator=(PatternSet&&) noexcept = default;
const std::vector<Pattern>& PatternSet::patterns() const {
  return compiled_->patterns;
}

Result<PatternSet> PatternSet::compile(std::vector<Pattern> patterns) {
  auto compiled = std::make_unique<Compiled>();
  compiled->patterns = std::move(patterns);
  if (compiled->patterns.empty() || compiled->patterns.size() > kPatternsMax)
    return fail(ErrorCode::kUsage, "patterns",
                "there are none, or more than " + std::to_string(kPatternsMax));
  std::vector<const char*> expressions;
  std::vector<unsigned> flags;
  std::vector<unsigned> ids;
  for (const Pattern& pattern : compiled->patterns) {
    if (auto checked = check(pattern); !checked) return fail(checked.error());
    ids.push_back(static_cast<unsigned>(ids.size()));
    expressions.push_back(pattern.expression.c_str());
    flags.push_back(HS_FLAG_SOM_LEFTMOST);
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()),
                       HS_MODE_BLOCK, nullptr, &database, &error) != HS_SUCCESS) {
    const std::string why = error != nullptr ? error->message : "can't be compiled together";
    if (error != nullptr) hs_free_compile_error(error);
    return fail(ErrorCode::kUsage, "patterns", why);
  }
  compiled->database.reset(database);
  hs_scratch_t* scratch = nullptr;
  if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
    return fail(ErrorCode::kFailed, "patterns", "no memory");
  compiled->scratch.reset(scratch);
  return PatternSet(std::move(compiled));
}

void PatternSet::scan(const Window& window, Tally& tally) const {
  hs_scratch_t* scratch = nullptr;
  if (hs_clone_scratch(compiled_->scratch.get(), &scratch) != HS_SUCCESS) return tally.seen(0, true);
  const std::unique_ptr<hs_scratch_t, FreeScratch> owned(scratch);
  Matching matching;
  matching.window = &window;
  matching.patterns = &compiled_->patterns;
  matching.tally = &tally;
  const hs_error_t scanned =
      hs_scan(compiled_->database.get(), window.text.data(), static_cast<unsigned>(window.text.size()), 0,
              scratch, on_match, &matching);
  while (!matching.last.empty()) matching.close(matching.last.begin()->first);
  if (scanned != HS_SUCCESS) tally.seen(0, true);  // not read is never clean
}

}  // namespace hetao::inspection
