#include "gateway/cli/context.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <iostream>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "policy/wire.h"

namespace hetao::cli {

void Context::print_json(const json::value& value) const {
  std::cout << json::serialize(value) << '\n' << std::flush;
}

void Context::print(std::string_view line) const {
  std::cout << line << '\n' << std::flush;
}

void Context::remark(std::string_view line) const {
  if (!json) std::cerr << line << '\n' << std::flush;
}

std::string Context::paint(const char* code, std::string_view text) const {
  if (no_color || !terminal) return std::string(text);
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

std::string Context::verdict(std::string_view effect) const {
  const std::string shown = word(effect);
  if (effect == "permit") return good(shown);
  return effect == "hold" ? warn(shown) : bad(shown);
}

std::string Context::state(std::string_view state) const {
  const std::string shown = word(state);
  if (state == "complete") return good(shown);
  if (state == "held" || state == "cancelling") return warn(shown);
  return state.ends_with("error") || state == "expired" ? bad(shown) : shown;
}

namespace {

json::object error_view(const Error& error) {
  return {{"code", to_word(error.code)},
          {"message", printable(error.what + ": " + error.why)},
          {"hint", printable(error.hint)}};
}

}  // namespace

int report(const Context& context, const Error& error) {
  if (context.json) {
    std::cerr << json::serialize(json::object{{"error", error_view(error)}}) << '\n';
  } else {
    std::cerr << "hetao: " << to_line(error) << '\n';
  }
  return static_cast<int>(error.code);
}

int report(const Context& context, const Diagnostics& mistakes) {
  if (mistakes.empty()) return report(context, to_error(mistakes));
  if (context.json) {
    json::object out = {{"error", error_view(to_error(mistakes))}};
    for (const auto& member : policy::to_json(mistakes)) out[member.key()] = member.value();
    std::cerr << json::serialize(out) << '\n';
    return static_cast<int>(ErrorCode::kUsage);
  }
  for (const Diagnostic& mistake : mistakes) std::cerr << "hetao: " << to_line(mistake) << '\n';
  if (mistakes.size() >= limits::kMistakesMax)
    std::cerr << "hetao: there may be more: no more than " << limits::kMistakesMax << " are told at once\n";
  return static_cast<int>(ErrorCode::kUsage);
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead == 0x1b) {  // a colour: up to its 'm'
      const size_t end = text.find('m', i);
      i = end == std::string_view::npos ? text.size() : end + 1;
      continue;
    }
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    width += lead >= 0xe3 && lead <= 0xed ? 2 : 1;  // U+3000 to U+DFFF: CJK, kana, hangul
    i += length;
  }
  return width;
}

void Table::print(const Context& context) const {
  if (!context.terminal) {
    for (const auto& row : rows_) context.print(join(row, "\t"));
    return;
  }
  std::vector<size_t> widths;
  for (const std::string& heading : headings_) widths.push_back(display_width(context.word(heading)));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  }
  const auto line = [&](const std::vector<std::string>& cells, bool heading) {
    std::string out;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string cell = heading ? context.word(cells[i]) : cells[i];
      out += heading ? context.dim(cell) : cell;
      if (i + 1 < cells.size()) out.append(widths[i] - display_width(cell) + 2, ' ');
    }
    context.print(out);
  };
  line(headings_, true);
  for (const auto& row : rows_) line(row, false);
}

std::string text_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  return value->is_null() ? std::string() : json::serialize(*value);
}

int64_t number_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64();
  return value->is_uint64() ? static_cast<int64_t>(value->get_uint64()) : 0;
}

bool flag_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::array& list_at(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

const json::object& object_at(const json::object& object, std::string_view name) {
  static const json::object kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

}  // namespace hetao::cli
