#include "gateway/cli/show.h"

#include "gateway/base/text.h"
#include "gateway/base/time.h"

namespace hetao::cli {

namespace {

// A title is text, or one text a language.
std::string title_of(const Context& context, const json::object& rule) {
  const json::value* title = rule.if_contains("title");
  if (title == nullptr) return {};
  if (title->is_string()) return std::string(title->get_string());
  if (!title->is_object()) return {};
  const std::string own = text_at(title->get_object(), tag_of(context.language));
  return own.empty() ? text_at(title->get_object(), "en") : own;
}

}  // namespace

void show_verdict(const Context& context, const json::object& verdict, const std::string& indent) {
  for (const json::value& value : list_at(verdict, "rules")) {
    if (!value.is_object()) continue;
    const json::object& rule = value.get_object();
    std::string line = indent + context.strong(text_at(rule, "id")) + " " + title_of(context, rule);
    std::string basis;
    for (const json::value& source : list_at(rule, "basis")) {
      if (source.is_string()) basis += (basis.empty() ? "" : "; ") + std::string(source.get_string());
    }
    if (!basis.empty()) line += " " + context.dim("[" + basis + "]");
    for (const json::value& name : list_at(rule, "unknown")) {
      if (name.is_string()) line += " " + context.warn(std::string(name.get_string()) + " is unknown");
    }
    context.print(line);
  }
  if (list_at(verdict, "rules").empty() && !text_at(verdict, "reason").empty()) {
    context.print(indent + text_at(verdict, "reason"));
  }
  for (const json::value& change : list_at(verdict, "changes")) {
    if (change.is_string()) {
      context.print(indent + context.good(context.word("allowed instead") + ": ") +
                    std::string(change.get_string()));
    }
  }
}

std::string crossing_line(const Context& context, const json::object& crossing) {
  const json::object& item = object_at(crossing, "item");
  const std::string kind = item.empty() ? text_at(crossing, "kind") : text_at(item, "kind");
  const std::string name = item.empty() ? text_at(crossing, "item") : text_at(item, "name");
  const int64_t bytes = item.empty() ? number_at(crossing, "bytes") : number_at(item, "bytes");
  std::string line =
      kind + " " + context.strong(name) + "  " + text_at(crossing, "from") + " → " + text_at(crossing, "to");
  if (bytes > 0) line += "  " + human_bytes(static_cast<unsigned long long>(bytes));
  return line;
}

std::string local_time(const std::string& rfc3339) {
  const auto instant = parse_rfc3339(rfc3339);
  if (!instant) return rfc3339;
  std::string text = to_rfc3339(*instant + Duration::seconds(int64_t{8} * 3600));
  text[10] = ' ';
  return text.substr(0, 19) + " +08:00";
}

}  // namespace hetao::cli
