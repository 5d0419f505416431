// What every command of `hetao` shares: the global flags, the way to print, and the exit codes. One Context a
// run; not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/diagnostic.h"
#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "gateway/cli/words.h"
#include "gateway/files/file.h"

namespace hetao::cli {

struct Context {
  // Global flags, as given or from the environment.
  std::string gateway;  // HETAO_GATEWAY
  std::string token;    // HETAO_TOKEN
  std::string token_file;
  std::string cert;
  std::string key;
  std::string ca;  // HETAO_CA
  bool json = false;
  bool no_color = false;
  Language language = Language::kEn;
  bool terminal = false;  // standard output is one

  // One JSON document, on one line.
  void print_json(const json::value& value) const;
  void print(std::string_view line) const;
  // Progress and advice for people: standard error, and only where nobody parses what we say.
  void remark(std::string_view line) const;
  // Words of the product in the caller's language.
  std::string word(std::string_view english) const { return translate(english, language); }

  // Colour by meaning; plain text where colour is not wanted.
  std::string good(std::string_view text) const { return paint("32", text); }
  std::string bad(std::string_view text) const { return paint("31", text); }
  std::string warn(std::string_view text) const { return paint("33", text); }
  std::string strong(std::string_view text) const { return paint("1", text); }
  std::string dim(std::string_view text) const { return paint("2", text); }
  std::string verdict(std::string_view effect) const;
  std::string state(std::string_view state) const;

 private:
  std::string paint(const char* code, std::string_view text) const;
};

// Prints the error as the caller wants it, and gives its exit code.
int report(const Context& context, const Error& error);
// The same for mistakes of a file: each on a line of its own.
int report(const Context& context, const Diagnostics& mistakes);

// Rows under headings; columns as wide as they need. Piped output: cells separated by tabs, no headings.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print(const Context& context) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

// Columns that text takes on a terminal: colours none, East Asian wide characters two.
size_t display_width(std::string_view text);

// Members of JSON objects, with a default where they are missing or of another type.
std::string text_at(const json::object& object, std::string_view name);
int64_t number_at(const json::object& object, std::string_view name);
bool flag_at(const json::object& object, std::string_view name);
const json::array& list_at(const json::object& object, std::string_view name);
const json::object& object_at(const json::object& object, std::string_view name);

using files::read_file;
using files::write_file;

}  // namespace hetao::cli
