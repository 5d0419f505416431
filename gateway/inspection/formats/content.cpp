// Layers without a reader of their own: text, tables, and data that is not known.
#include <algorithm>
#include <cstring>

#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/scan/context.h"
#include "gateway/inspection/table.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kHeadBytes = size_t{64} << 10U;
constexpr size_t kTableColumnsMax = 2'000;

std::string_view line_at(std::string_view text, size_t at) {
  return text.substr(at, text.substr(at).find('\n'));
}

// The separator that the first lines agree on. Nothing: no table.
std::optional<char> separator_of(std::string_view head) {
  for (const char separator : {'\t', ',', ';', '|'}) {
    size_t at = 0;
    size_t agreed = 0;
    std::optional<size_t> wanted;
    for (int line = 0; line < 8 && at < head.size(); ++line) {
      const std::string_view text = line_at(head, at);
      at += text.size() + 1;
      if (at > head.size() && line > 1) break;  // the last line may be cut
      size_t count = 0;
      bool quoted = false;
      for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (c == separator && !quoted) ++count;
      }
      if (!wanted) wanted = count;
      if (count != *wanted || count == 0) {
        agreed = 0;
        break;
      }
      ++agreed;
    }
    if (agreed >= 2) return separator;
  }
  return std::nullopt;
}

// One number a line under a heading is a table too.
bool is_one_column(std::string_view head) {
  size_t at = 0;
  size_t lines = 0;
  size_t plain = 0;
  while (at < head.size() && lines < 20) {
    const std::string_view line = line_at(head, at);
    at += line.size() + 1;
    ++lines;
    if (line.size() <= 40 && line.find_first_of(" \t,") == std::string_view::npos) ++plain;
  }
  return lines >= 8 && plain == lines;
}

bool is_markup(std::string_view head) {
  if (head.starts_with("\xef\xbb\xbf"sv)) head.remove_prefix(3);
  while (!head.empty() && static_cast<uint8_t>(head[0]) <= ' ') head.remove_prefix(1);
  return head.starts_with("<?xml"sv) || head.starts_with("<!DOCTYPE"sv) || head.starts_with("<!doctype"sv) ||
         head.starts_with("<html"sv) || head.starts_with("<svg"sv) || head.starts_with("<HTML"sv);
}

void read_table(Reading& reading, const Place& place, const Shape& shape, std::string_view text,
                uint64_t lines) {
  if (!shape.table) return;
  Table table;
  table.path = place.path;
  table.columns = table_fields(line_at(text, 0), shape.separator);
  if (table.columns.size() > kTableColumnsMax) table.columns.resize(kTableColumnsMax);
  for (std::string& name : table.columns) name = readable(name, 100);
  table.rows = lines > 0 ? lines - 1 : 0;
  if (!text.empty() && text.back() != '\n') ++table.rows;
  reading.report().tables.push_back(std::move(table));
  reading.format(place.path, shape.separator == '\t' ? "tsv" : "csv", "table");
}

void note_groups(Report& report, const GroupSizes& sizes) {
  if (sizes.smallest)
    report.smallest_group = std::min(report.smallest_group.value_or(*sizes.smallest), *sizes.smallest);
  if (sizes.anonymity)
    report.anonymity = std::min(report.anonymity.value_or(*sizes.anonymity), *sizes.anonymity);
}

std::string_view why_unread(const Sniffed& sniffed) {
  if (sniffed.what == "image") return "a picture: what it shows is not read";
  if (sniffed.what == "sound") return "sound: what it says is not read";
  if (sniffed.what == "video") return "a video: what it shows is not read";
  if (sniffed.what == "program") return "a program: what it does is not read";
  if (sniffed.what == "table" || sniffed.what == "array")
    return "its columns are stored in a form that is not read yet";
  if (sniffed.name == "ole2") return "an old office document: its inside is not read";
  return "binary data of an unknown format";
}

// Something short shows few control characters: what is neither UTF-8 nor characters of one and two bytes is
// no text either.
bool is_short_binary(std::string_view text) {
  if (text.size() > kHeadBytes) return false;
  size_t begin = 0;  // a cut may have halved the first character and the last
  while (begin < std::min<size_t>(text.size(), 3) && (text[begin] & '\xc0') == '\x80') ++begin;
  for (size_t cut = 0; cut < 4 && begin + cut <= text.size(); ++cut) {
    if (is_utf8(text.substr(begin, text.size() - begin - cut))) return false;
  }
  size_t high = 0;
  size_t lone = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<uint8_t>(text[i]);
    if ((c < ' ' && "\t\n\v\f\r\b\x1b"sv.find(text[i]) == std::string_view::npos) || c == 0x7f) return true;
    if (c < 0x80) continue;
    const auto second = static_cast<uint8_t>(i + 1 < text.size() ? text[i + 1] : 0x40);
    const bool two =
        c != 0x80 && c != 0xff &&
        ((second >= 0x40 && second != 0x7f && second != 0xff) || (second >= '0' && second <= '9'));
    ++high;
    lone += two ? 0U : 1U;
    i += two ? 1 : 0;
  }
  return lone > 0 && high * 3 > text.size();
}

// A zip archive with text in front of it.
bool ends_in_zip(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  const std::string_view tail = text.substr(text.size() - std::min<size_t>(text.size(), 65'557));
  return tail.find("PK\x05\x06"sv) != std::string_view::npos &&
         text.find("PK\x03\x04"sv) != std::string_view::npos;
}

// Bytes in front that are all zero hide what follows from readers that look at the beginning.
size_t leading_zeros(ByteView bytes) {
  const auto first = std::find_if(bytes.begin(), bytes.end(), [](uint8_t b) { return b != 0; });
  return static_cast<size_t>(first - bytes.begin());
}

}  // namespace

Shape shape_of(std::string_view head) {
  Shape shape;
  head = head.substr(0, kHeadBytes);
  shape.markup = is_markup(head);
  if (shape.markup) return shape;
  const auto separator = separator_of(head);
  shape.table = separator.has_value() || is_one_column(head);
  if (!shape.table) return shape;
  shape.separator = separator.value_or('\x1f');
  for (const std::string& name : table_fields(line_at(head, 0), shape.separator))
    shape.column_words.push_back(words_in(name, 0, name.size()));
  return shape;
}

void read_content(Reading& reading, const Place& place, const Sniffed& sniffed, ByteView bytes) {
  const std::string_view text = as_text(bytes);
  if (const size_t zeros = leading_zeros(bytes);
      zeros >= 16 && zeros < bytes.size() && sniffed.what == "text")
    return read_layer(reading, place.inside("behind zeros"), bytes.subspan(zeros));
  if (sniffed.what == "text" && ends_in_zip(bytes)) return read_zip(reading, place, bytes);
  const auto genomic = genomic_kind(bytes, place.path.ends_with("bgzf"));
  const auto medical = genomic ? std::nullopt : medical_kind(bytes);
  if (genomic || medical) {
    const Kind kind = genomic ? *genomic : *medical;
    reading.found(kind, place.path, 0);
    reading.format(place.path, facts_of(kind).name, to_word(facts_of(kind).category));
  }
  if (medical == Kind::kDicomFile) {
    if (const uint64_t tags = dicom_patient_tags(bytes); tags > 0)
      reading.found(Kind::kDicomPatientTags, place.path, 128, tags);
  }
  const Shape shape = shape_of(text);
  const RawScan::Seen seen = RawScan::whole(reading, place, shape, bytes);
  const bool is_text = !seen.binary && sniffed.what == "text";
  if (is_text && (place.guessed || !is_short_binary(text))) {
    read_table(reading, place, shape, text, seen.lines);
    if (shape.table) note_groups(reading.report(), group_sizes(text));
    return;
  }
  if (genomic || medical) return reading.not_read(place.path, "its binary part");
  if (place.guessed && sniffed.what == "text") return;  // so it was none
  reading.not_read(place.path, why_unread(sniffed));
}

bool read_whole(Reading& reading, const Place& place, const Sniffed& sniffed, ByteView bytes) {
  const std::string_view name = sniffed.name;
  if (name == "zip") {
    read_zip(reading, place, bytes);
  } else if (sniffed.what == "packed") {
    read_archive(reading, place, name, bytes);
  } else if (name == "npy") {
    read_npy(reading, place, bytes);
  } else if (name == "safetensors") {
    return read_safetensors(reading, place, bytes);
  } else if (name == "pickle") {
    read_pickle(reading, place, bytes);
  } else if (name == "sqlite") {
    read_sqlite(reading, place, bytes);
  } else if (name == "parquet") {
    read_parquet(reading, place, bytes);
  } else if (name == "hdf5") {
    read_hdf5(reading, place, bytes);
  } else if (name == "pdf") {
    read_pdf(reading, place, bytes);
  } else if (name == "onnx") {
    read_onnx(reading, place, bytes);
  } else {
    return false;
  }
  return true;
}

namespace {

class RawFlow : public Taker {
 public:
  RawFlow(Reading& reading, const Place& place, const Sniffed& sniffed, const Shape& shape)
      : reading_(reading), place_(place), sniffed_(sniffed), raw_(reading, place, shape) {}
  void take(ByteView bytes) override { raw_.take(bytes); }
  void end() override {
    if (raw_.end().binary || sniffed_.what != "text") reading_.not_read(place_.path, why_unread(sniffed_));
  }

 private:
  Reading& reading_;
  Place place_;
  Sniffed sniffed_;
  RawScan raw_;
};

}  // namespace

std::unique_ptr<Taker> open_flow(Reading& reading, const Place& place, ByteView head) {
  Coverage& coverage = reading.report().coverage;
  coverage.layers = std::max(coverage.layers, static_cast<uint64_t>(place.depth) + 1);
  if (place.depth > reading.limits().depth) {
    reading.not_read(place.path, "nested deeper than " + std::to_string(reading.limits().depth) + " layers");
    return nullptr;
  }
  const Sniffed sniffed = sniff(head);
  if (sniffed.what != "text") reading.format(place.path, sniffed.name, sniffed.what);
  if (auto flow = flow_of(reading, place, sniffed.name)) return flow;
  if (sniffed.what == "packed" || sniffed.what == "document" || sniffed.what == "table" ||
      sniffed.what == "array")
    reading.not_read(place.path, std::string(sniffed.name) + " of more than " +
                                     human_bytes(reading.limits().held_bytes) + " inside another file");
  if (const auto genomic = genomic_kind(head, place.path.ends_with("bgzf")))
    reading.found(*genomic, place.path, 0);
  if (const auto medical = medical_kind(head)) reading.found(*medical, place.path, 0);
  return std::make_unique<RawFlow>(reading, place, sniffed, shape_of(as_text(head)));
}

}  // namespace hetao::inspection
