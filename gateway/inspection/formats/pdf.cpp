// PDF: streams are inflated, the text that pages show is put together (pdf_text.h) with each font's own
// table, and strings in objects are read without their escapes. What stands behind the file's end is a layer.
// Pictures and what is encrypted are not read.
#include <algorithm>
#include <charconv>
#include <list>
#include <map>
#include <set>

#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/formats/pdf_text.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kStreamsMax = 100'000;
constexpr size_t kStreamBytesMax = size_t{64} << 20U;
constexpr size_t kObjectsMax = 1'000'000;
constexpr size_t kFontsMax = 20'000;
constexpr size_t kResourcesDepth = 3;  // of a page, of its fonts, and one more
constexpr size_t kReadingsMax = 16;    // fonts of one name, where it is not known which is meant

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0' || c == '\f';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void skip_space(std::string_view text, size_t& at) {
  while (at < text.size() && is_space(text[at])) ++at;
}

// A whole number at `at`, with what is blank before it.
std::optional<uint32_t> take_number(std::string_view text, size_t& at) {
  skip_space(text, at);
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  at = static_cast<size_t>(end - text.data());
  return value;
}

// "12 0 R"
std::optional<uint32_t> take_reference(std::string_view text, size_t& at) {
  size_t next = at;
  const auto object = take_number(text, next);
  if (!object || !take_number(text, next)) return std::nullopt;
  skip_space(text, next);
  if (next >= text.size() || text[next] != 'R') return std::nullopt;
  at = next + 1;
  return object;
}

// The value of a dictionary's key, up to the end of the dictionary's text.
std::string_view value_of(std::string_view dict, std::string_view key) {
  for (size_t at = dict.find(key); at != std::string_view::npos; at = dict.find(key, at + 1)) {
    const size_t end = at + key.size();
    if (end < dict.size() && (is_space(dict[end]) || "/[<(0123456789"sv.find(dict[end]) != "/"sv.npos))
      return dict.substr(end);
  }
  return {};
}

bool is_font_file(std::string_view bytes) {
  for (const auto magic :
       {"\0\1\0\0"sv, "true"sv, "OTTO"sv, "ttcf"sv, "%!"sv, "\x80\1"sv, "\1\0\4"sv, "\1\0\5"sv}) {
    if (bytes.starts_with(magic)) return true;
  }
  return false;
}

struct Content {
  uint32_t object = 0;
  std::string_view dict;
  std::string text;
};

class PdfReader {
 public:
  PdfReader(Reading& reading, const Place& place, ByteView bytes)
      : reading_(reading), place_(place), text_(as_text(bytes)) {}

  void read() {
    if (text_.find("/Encrypt") != std::string_view::npos) return reading_.not_read(place_.path, "encrypted");
    index(text_);
    size_t streams = 0;
    size_t at = 0;
    size_t outside = 0;  // where what is no stream begins
    while ((at = text_.find("stream", at)) != std::string_view::npos) {
      if (at >= 3 && text_.substr(at - 3, 3) == "end") {
        at += 6;
        continue;
      }
      if (++streams > kStreamsMax || reading_.stopped())
        return reading_.not_read(place_.path, "more streams than are read");
      strings(text_.substr(outside, at - outside));
      outside = at = stream(at);
    }
    strings(text_.substr(outside));
    find_fonts();
    pages();
    // Some of them are no text: the two numbers that name a file, what is signed.
    Place strings = place_.inside("strings");
    strings.guessed = true;
    if (!strings_.empty()) read_layer(reading_, strings, as_bytes(strings_));
    behind_the_end();
  }

 private:
  // What stands between the head of an object, "12 0 obj", and its end, its stream or another head.
  void index(std::string_view text) {
    size_t end = 0;
    size_t stream = 0;
    std::string_view* last = nullptr;
    const auto find_from = [&](std::string_view word, size_t& found, size_t at) {
      if (found < at || found == 0) found = std::min(text.find(word, at), text.size());
    };
    for (size_t at = text.find(" obj"); at != std::string_view::npos; at = text.find(" obj", at + 4)) {
      size_t begin = at;
      while (begin > 0 && is_digit(text[begin - 1])) --begin;
      if (begin == at || begin == 0 || !is_space(text[begin - 1])) continue;
      size_t first = --begin;
      while (first > 0 && is_digit(text[first - 1])) --first;
      const size_t head = first;
      const auto object = take_number(text, first);
      if (!object || objects_.size() >= kObjectsMax) continue;
      if (last != nullptr && last->data() + last->size() > text.data() + head)
        *last = last->substr(
            0, static_cast<size_t>(text.data() + head - std::min(last->data(), text.data() + head)));
      find_from("endobj", end, at);
      find_from("stream", stream, at);
      last = &objects_[*object];
      *last = text.substr(at + 4, std::max(std::min(end, stream), at + 4) - at - 4);
    }
  }

  // The object that a stream belongs to, and the dictionary in front of it.
  std::string_view dictionary(size_t at, uint32_t& object) const {
    const size_t begin = text_.rfind(" obj", at);
    if (begin == std::string_view::npos) {
      const size_t some = std::min<size_t>(at, 512);
      return text_.substr(at - some, some);
    }
    size_t first = begin;
    while (first > 0 && is_digit(text_[first - 1])) --first;
    if (first > 0) --first;
    while (first > 0 && is_digit(text_[first - 1])) --first;
    object = take_number(text_, first).value_or(0);
    return text_.substr(begin, at - begin);
  }

  // Returns where it ends.
  size_t stream(size_t at) {
    uint32_t object = 0;
    const std::string_view dict = dictionary(at, object);
    size_t begin = at + 6;
    if (begin < text_.size() && text_[begin] == '\r') ++begin;
    if (begin < text_.size() && text_[begin] == '\n') ++begin;
    const size_t end = std::min(text_.find("endstream", begin), text_.size());
    const ByteView data = as_bytes(text_.substr(begin, end - begin));
    const auto has = [dict](std::string_view word) { return dict.find(word) != std::string_view::npos; };
    if (has("/Image")) {
      reading_.not_read(place_.path, "pictures: what they show is not read");
    } else if (has("/FlateDecode") || has("/Fl ")) {
      std::string out;
      if (!inflate(data, out)) reading_.not_read(place_.path, "a stream that is damaged");
      size_t predictor = 0;
      if (!has("/XRef") && take_number(value_of(dict, "/Predictor"), predictor).value_or(1) != 1)
        reading_.not_read(place_.path, "a stream packed by a method that is not known");
      keep(std::move(out), dict, object);
    } else if (has("/Filter")) {
      reading_.not_read(place_.path, "a stream packed by a method that is not known");
    } else {
      keep(std::string(as_text(data)), dict, object);
    }
    return end;
  }

  bool inflate(ByteView data, std::string& out) {
    auto decoder = zlib_decoder(15);
    const auto state = decoder->decode(data, [&](ByteView piece) {
      out += as_text(piece);
      return out.size() <= kStreamBytesMax && reading_.decoded(place_.path, piece.size());
    });
    return state == Decoder::State::kMemberEnd;
  }

  void keep(std::string content, std::string_view dict, uint32_t object) {
    if (content.find("beginbfchar") != std::string::npos ||
        content.find("beginbfrange") != std::string::npos) {
      tables_[object].read(content);
      return;
    }
    if (dict.find("/ObjStm") != std::string_view::npos) return packed_objects(std::move(content), dict);
    if (dict.find("/XRef") != std::string_view::npos) return;
    // A font's outlines say nothing; whatever else calls itself a font is read.
    if (is_font_file(content)) return;
    if (content.find("BT") != std::string::npos || content.find("Do") != std::string::npos ||
        dict.find("/Form") != std::string_view::npos) {
      contents_.push_back({object, dict, std::move(content)});
      return;
    }
    // Metadata, attachments and scripts.
    read_layer(reading_, place_.inside("stream"), as_bytes(content));
  }

  // Objects in a stream: numbers and places first, then one behind the other.
  void packed_objects(std::string content, std::string_view dict) {
    read_layer(reading_, place_.inside("objects"), as_bytes(content));
    const std::string_view text = packed_.emplace_back(std::move(content));
    strings(text);
    const std::string_view said = value_of(dict, "/First");
    size_t at = 0;
    const auto first = take_number(said, at);
    if (!first || *first > text.size()) return;
    std::vector<std::pair<uint32_t, uint32_t>> places;
    const std::string_view heads = text.substr(0, *first);
    for (size_t next = 0; places.size() < kObjectsMax;) {
      const auto object = take_number(heads, next);
      const auto place = object ? take_number(heads, next) : std::nullopt;
      if (!place) break;
      places.emplace_back(*object, *place);
    }
    for (size_t i = 0; i < places.size(); ++i) {
      const size_t begin = std::min<size_t>(*first + size_t{places[i].second}, text.size());
      const size_t end = i + 1 < places.size() ? *first + size_t{places[i + 1].second} : text.size();
      if (objects_.size() < kObjectsMax)
        objects_[places[i].first] = text.substr(begin, end > begin ? end - begin : 0);
    }
  }

  // Strings with escapes, or in UTF-16, which the raw bytes do not show.
  void strings(std::string_view text) {
    for (size_t at = text.find('('); at != std::string_view::npos; at = text.find('(', at)) {
      const size_t begin = at;
      const std::string bytes = pdf_literal(text, at);
      at = std::min(at, text.size());
      if (strings_.size() < kStreamBytesMax &&
          (bytes.starts_with("\xfe\xff"sv) ||
           text.substr(begin, at - begin).find('\\') != std::string_view::npos))
        strings_ += pdf_readable(bytes) + '\n';
    }
  }

  void find_fonts() {
    for (const auto& [object, dict] : objects_) {
      if (dict.find("/Font") == std::string_view::npos || fonts_.size() >= kFontsMax) continue;
      const std::string_view table = value_of(dict, "/ToUnicode");
      size_t at = 0;
      const auto stream = take_reference(table, at);
      const auto it = stream ? tables_.find(*stream) : tables_.end();
      if (it != tables_.end()) {
        fonts_[object] = {&it->second, false};
      } else if (dict.find("/Identity-H") != std::string_view::npos ||
                 dict.find("/Identity-V") != std::string_view::npos) {
        fonts_[object] = {nullptr, true};
        some_numbered_ = true;
      } else if (!value_of(dict, "/BaseFont").empty()) {
        fonts_[object] = {nullptr, false};
      }
    }
    for (const auto& [object, table] : tables_) all_glyphs_.add_all(table);
    for (const auto& [object, dict] : objects_) names_in(dict, all_names_);
  }

  using Names = std::map<std::string, std::set<uint32_t>, std::less<>>;

  // "/F1 12 0 R" where object 12 is a font.
  void names_in(std::string_view dict, Names& names) const {
    for (size_t at = dict.find('/'); at != std::string_view::npos; at = dict.find('/', at + 1)) {
      size_t end = at + 1;
      while (end < dict.size() && !is_space(dict[end]) && "/[]<>()"sv.find(dict[end]) == "/"sv.npos) ++end;
      size_t next = end;
      const auto object = take_reference(dict, next);
      if (object && fonts_.contains(*object))
        names[std::string(dict.substr(at + 1, end - at - 1))].insert(*object);
    }
  }

  void resources_of(std::string_view dict, size_t depth, Names& names) const {
    names_in(dict, names);
    if (depth == kResourcesDepth) return;
    for (const auto key : {"/Resources"sv, "/Font"sv}) {
      size_t at = 0;
      const auto object = take_reference(value_of(dict, key), at);
      const auto it = object ? objects_.find(*object) : objects_.end();
      if (it != objects_.end()) resources_of(it->second, depth + 1, names);
    }
  }

  // Which pages show a content stream, by their "/Contents".
  std::map<uint32_t, std::vector<std::string_view>> pages_by_content() const {
    std::map<uint32_t, std::vector<std::string_view>> pages;
    for (const auto& [object, dict] : objects_) {
      std::string_view contents = value_of(dict, "/Contents");
      size_t at = 0;
      skip_space(contents, at);
      if (at < contents.size() && contents[at] == '[') ++at;
      while (const auto content = take_reference(contents, at)) pages[*content].push_back(dict);
    }
    return pages;
  }

  void pages() {
    const auto by_content = pages_by_content();
    std::set<std::string> seen;
    for (const Content& content : contents_) {
      Names names;
      resources_of(content.dict, 0, names);
      if (const auto it = by_content.find(content.object); it != by_content.end()) {
        for (const std::string_view page : it->second) resources_of(page, 0, names);
      }
      std::string shown;
      // Where one name stands for several fonts, each of them is tried.
      size_t readings = 1;
      for (size_t i = 0; i < readings; ++i) {
        bool unknown = false;
        std::string text = shown_text(
            content.text, [&](std::string_view name) { return font(name, names, i, readings); }, unknown);
        if (unknown) reading_.not_read(place_.path, "text in fonts that only number their glyphs");
        if (seen.insert(text).second) shown += text + "\n";
      }
      if (readings == kReadingsMax) reading_.not_read(place_.path, "more fonts of one name than are tried");
      pages_ += shown;
      seen.clear();
    }
    if (!pages_.empty()) read_layer(reading_, place_.inside("text"), as_bytes(pages_));
  }

  PdfFont font(std::string_view name, const Names& names, size_t reading, size_t& readings) const {
    const PdfFont any{all_glyphs_.empty() ? nullptr : &all_glyphs_, some_numbered_};
    if (name.empty()) return any;
    auto it = names.find(name);
    if (it == names.end()) {
      it = all_names_.find(name);
      if (it == all_names_.end()) return any;
    }
    readings = std::max(readings, std::min(it->second.size(), kReadingsMax));
    const size_t which = std::min(reading, it->second.size() - 1);
    return fonts_.at(*std::next(it->second.begin(), static_cast<ptrdiff_t>(which)));
  }

  // A file may end several times, each time with what was changed; anything else there is none of it.
  void behind_the_end() {
    for (size_t at = text_.find("%%EOF"); at != std::string_view::npos; at = text_.find("%%EOF", at + 5)) {
      size_t next = at + 5;
      skip_space(text_, next);
      const std::string_view rest = text_.substr(next);
      if (rest.empty()) return;
      if (is_digit(rest[0]) || rest[0] == '%' || rest.starts_with("xref") || rest.starts_with("startxref"))
        continue;
      return read_layer(reading_, place_.inside("behind the end"), as_bytes(rest));
    }
  }

  Reading& reading_;
  Place place_;
  std::string_view text_;
  std::map<uint32_t, std::string_view> objects_;
  std::list<std::string> packed_;  // of which objects_ are parts
  std::map<uint32_t, GlyphTable> tables_;
  GlyphTable all_glyphs_;  // for fonts that are not known by name
  bool some_numbered_ = false;
  std::map<uint32_t, PdfFont> fonts_;
  Names all_names_;
  std::vector<Content> contents_;
  std::string strings_;
  std::string pages_;
};

}  // namespace

void read_pdf(Reading& reading, const Place& place, ByteView bytes) {
  RawScan::whole(reading, place, {}, bytes);
  PdfReader(reading, place, bytes).read();
}

}  // namespace hetao::inspection
