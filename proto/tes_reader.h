// Takes members out of a JSON object and collects every mistake with its JSON pointer (RFC 6901). Internal to
// the TES reader; pure.
#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/base/time.h"
#include "proto/tes_json.h"

namespace hetao::tes::reading {

using Names = std::initializer_list<std::string_view>;

inline std::string escaped(std::string_view key) {  // RFC 6901, section 3
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

inline std::string below(const std::string& pointer, std::string_view key) {
  return pointer + "/" + escaped(key);
}
inline std::string below(const std::string& pointer, size_t index) {
  return pointer + "/" + std::to_string(index);
}

inline std::string list_of(std::vector<std::string> names) {
  return "one of " + join(names, ", ");
}

inline std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const std::string near = nearest_name(name, known);
  return near.empty() ? std::string() : "did you mean \"" + near + "\"?";
}

inline const char* kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "";
}

inline std::optional<double> number_of(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  return std::nullopt;
}

// Collects mistakes; every getter answers "absent" for what it complained about.
class Reader {
 public:
  Mistakes mistakes;

  void wrong(std::string pointer, std::string message, std::string expected = {}, std::string hint = {}) {
    add({std::move(pointer), false, std::move(message), std::move(expected), std::move(hint)});
  }

  void wrong_type(const std::string& pointer, const json::value& value, const std::string& expected) {
    const bool quote = expected.starts_with("a string") && (value.is_number() || value.is_bool());
    wrong(pointer, std::string("is ") + kind_name(value), expected, quote ? "put it in quotes" : "");
  }

  // The object's members must all be known.
  const json::object* object(const json::value& value, const std::string& pointer, Names known) {
    const json::object* object = value.if_object();
    if (object == nullptr) {
      wrong_type(pointer, value, "an object");
      return nullptr;
    }
    for (const auto& member : *object) {
      const std::string_view key(member.key().data(), member.key().size());
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      const std::vector<std::string> names(known.begin(), known.end());
      add({below(pointer, key), true, "unknown member \"" + printable(key.substr(0, 64)) + "\"",
           list_of(names), did_you_mean(key, names)});
    }
    return object;
  }

  // Absent and null mean the same: clients write out what they don't use.
  static const json::value* find(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  bool is_text(const json::value& value, const std::string& pointer, size_t bytes_max) {
    const json::string* text = value.if_string();
    if (text == nullptr) {
      wrong_type(pointer, value, "a string");
      return false;
    }
    if (text->size() > bytes_max) {
      wrong(pointer, "is " + human_bytes(text->size()) + " long", "at most " + human_bytes(bytes_max));
      return false;
    }
    if (text->find('\0') != json::string::npos) {
      wrong(pointer, "holds a NUL character", "text without NUL");
      return false;
    }
    return true;
  }

  std::string text(const json::object& object, const std::string& pointer, std::string_view key,
                   size_t bytes_max = limits::kTextFieldBytesMax) {
    const json::value* value = find(object, key);
    if (value == nullptr || !is_text(*value, below(pointer, key), bytes_max)) return {};
    return std::string(value->get_string());
  }

  std::string required_text(const json::object& object, const std::string& pointer, std::string_view key) {
    const size_t before = mistakes.size();
    std::string out = text(object, pointer, key);
    if (out.empty() && mistakes.size() == before) {
      const bool absent = find(object, key) == nullptr;
      if (absent) {
        wrong(pointer, "\"" + std::string(key) + "\" is missing", "a string that is not empty");
      } else {
        wrong(below(pointer, key), "is empty", "a string that is not empty");
      }
    }
    return out;
  }

  bool flag(const json::object& object, const std::string& pointer, std::string_view key) {
    const json::value* value = find(object, key);
    if (value == nullptr) return false;
    if (!value->is_bool()) {
      wrong_type(below(pointer, key), *value, "true or false");
      return false;
    }
    return value->get_bool();
  }

  // nullptr: absent, or not a list of allowed length.
  const json::array* list(const json::object& object, const std::string& pointer, std::string_view key,
                          size_t items_max) {
    const json::value* value = find(object, key);
    if (value == nullptr) return nullptr;
    const std::string place = below(pointer, key);
    const json::array* array = value->if_array();
    if (array == nullptr) {
      wrong_type(place, *value, "a list");
      return nullptr;
    }
    if (array->size() > items_max) {
      wrong(place, "has " + std::to_string(array->size()) + " elements",
            "at most " + std::to_string(items_max));
      return nullptr;
    }
    return array;
  }

  // A map from text to text, sorted by key. A value that is null is absent, as elsewhere: Cromwell writes
  // tags that it has no value for so.
  std::map<std::string, std::string> text_map(const json::object& object, const std::string& pointer,
                                              std::string_view key, size_t items_max, size_t bytes_max) {
    std::map<std::string, std::string> out;
    const json::value* value = find(object, key);
    if (value == nullptr) return out;
    const std::string place = below(pointer, key);
    const json::object* members = value->if_object();
    if (members == nullptr) {
      wrong_type(place, *value, "an object of strings");
      return out;
    }
    if (members->size() > items_max) {
      wrong(place, "has " + std::to_string(members->size()) + " members",
            "at most " + std::to_string(items_max));
      return out;
    }
    for (const auto& member : *members) {
      if (member.value().is_null()) continue;
      const std::string name(member.key());
      const std::string at = below(place, name);
      if (name.empty() || name.size() > limits::kTextFieldBytesMax || name.find('\0') != std::string::npos) {
        add({at, true, "is not a usable name", "a name of 1 to 4096 bytes without NUL", {}});
      } else if (is_text(member.value(), at, bytes_max)) {
        out[name] = std::string(member.value().get_string());
      }
    }
    return out;
  }

 private:
  void add(Mistake mistake) {
    if (mistakes.size() < kMistakesMax) mistakes.push_back(std::move(mistake));
  }
};

// --- paths and URLs
// -----------------------------------------------------------------------------------------

// Without empty parts and trailing slashes, for comparisons.

}  // namespace hetao::tes::reading
