// What a layer is, by its content; and the readers of formats that are no containers. Internal to the room.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/inspection/layer.h"

namespace hetao::inspection {

// Never fails: what is nothing known is "text" or "data".
Sniffed sniff(ByteView bytes);
// An archive, a document or the like, whose beginning no numbers have by chance.
bool is_surely_packed(ByteView bytes);

// Readers that need the whole layer. False: the format has none, and its content is read as what it looks
// like.
bool read_whole(Reading& reading, const Place& place, const Sniffed& sniffed, ByteView bytes);

// Text, tables, and everything without a reader: raw bytes, and formats that are sensitive as such. What is
// neither text nor known is said not to be read.
void read_content(Reading& reading, const Place& place, const Sniffed& sniffed, ByteView bytes);

// Sensitive formats, by their beginnings: genomic and medical data. All of the layer where it is there as a
// whole.
std::optional<Kind> genomic_kind(ByteView bytes, bool bgzf);
std::optional<Kind> medical_kind(ByteView bytes);
// A DICOM file's patient attributes that are filled in: how many.
uint64_t dicom_patient_tags(ByteView bytes);

// Arrays and models. Each reads what it can, says what it can't.
void read_npy(Reading& reading, const Place& place, ByteView bytes);
bool read_safetensors(Reading& reading, const Place& place, ByteView bytes);
bool looks_like_safetensors(ByteView bytes);
bool looks_like_onnx(ByteView bytes);
void read_onnx(Reading& reading, const Place& place, ByteView bytes);
void read_pickle(Reading& reading, const Place& place, ByteView bytes);
void read_sqlite(Reading& reading, const Place& place, ByteView bytes);
void read_parquet(Reading& reading, const Place& place, ByteView bytes);
void read_hdf5(Reading& reading, const Place& place, ByteView bytes);
void read_pdf(Reading& reading, const Place& place, ByteView bytes);

// One array's values as a table of one column; `type` in NumPy's words: "<i8". False for a type that has no
// such form.
bool render_array(Reading& reading, const Place& place, const std::string& name, const std::string& heading,
                  ByteView data, std::string_view type);

// Numbers and texts of a binary format, as lines of text that are scanned like a table with this heading.
class RenderedTable {
 public:
  RenderedTable(Reading& reading, const Place& place, const std::string& name,
                const std::vector<std::string>& columns);
  void cell(std::string_view text);
  void integer(int64_t value);
  void real(double value);
  void row_end();
  void end();

 private:
  void flush(bool last);
  Reading& reading_;
  Place place_;
  std::string pending_;
  std::optional<RawScan> scan_;
  bool first_cell_ = true;
  uint64_t rows_ = 0;
};

}  // namespace hetao::inspection
