// ONNX models: a protocol buffer whose strings are seen in the raw bytes. Weights are numbers, and no text;
// whole numbers and bytes may be more, and are read as the arrays that they are. Source: onnx.proto of the
// ONNX project.
#include "gateway/inspection/formats/formats.h"

namespace hetao::inspection {

namespace {

// The fields of one message, one after the other.
class Fields {
 public:
  explicit Fields(ByteView bytes) : bytes_(bytes) {}
  uint64_t field = 0;
  uint64_t number = 0;  // of one that is a number
  ByteView content;     // of one that has a length
  bool sized = false;

  // False at the end, and where the bytes are no message.
  bool next() {
    uint64_t key = 0;
    if (bytes_.empty() || !varint(bytes_, key)) return false;
    field = key >> 3U;
    sized = false;
    switch (key & 7U) {
      case 0:
        return varint(bytes_, number);
      case 1:
        return skip(8);
      case 5:
        return skip(4);
      case 2: {
        uint64_t length = 0;
        if (!varint(bytes_, length) || length > bytes_.size()) return false;
        content = bytes_.first(static_cast<size_t>(length));
        sized = true;
        return skip(length);
      }
      default:
        return false;
    }
  }
  bool at_end() const { return bytes_.empty(); }

  static bool varint(ByteView& bytes, uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
      const uint8_t byte = bytes[0];
      bytes = bytes.subspan(1);
      value |= uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

 private:
  bool skip(uint64_t size) {
    if (size > bytes_.size()) return false;
    bytes_ = bytes_.subspan(static_cast<size_t>(size));
    return true;
  }
  ByteView bytes_;
};

// TensorProto: what type its data_type names, in NumPy's words; empty: weights.
std::string_view numpy_type(uint64_t data_type) {
  switch (data_type) {
    case 2:
      return "|u1";
    case 3:
    case 9:
      return "|i1";
    case 6:
      return "<i4";
    case 7:
      return "<i8";
    case 11:
      return "<f8";
    case 12:
      return "<u4";
    case 13:
      return "<u8";
    default:
      return {};
  }
}

void read_tensor(Reading& reading, const Place& place, ByteView message) {
  uint64_t type = 0;
  std::string name = "tensor";
  ByteView raw;
  Bytes numbers;  // int64_data and the like, which are written one by one
  for (Fields fields(message); fields.next();) {
    if (fields.field == 2 && !fields.sized) type = fields.number;
    if (fields.field == 8 && fields.sized) name = std::string(as_text(fields.content));
    if (fields.field == 9 && fields.sized) raw = fields.content;
    const bool integers = fields.field == 5 || fields.field == 7 || fields.field == 11;
    if (!integers) continue;
    const auto push = [&numbers](uint64_t value) {
      for (unsigned i = 0; i < 8; ++i) numbers.push_back(static_cast<uint8_t>(value >> (8 * i)));
    };
    if (!fields.sized) push(fields.number);
    uint64_t value = 0;
    for (ByteView packed = fields.sized ? fields.content : ByteView(); Fields::varint(packed, value);)
      push(value);
  }
  if (!raw.empty() && !numpy_type(type).empty())
    render_array(reading, place, name, name, raw, numpy_type(type));
  if (!numbers.empty() && reading.decoded(place.path, numbers.size()))
    render_array(reading, place, name, name, numbers, "<i8");
}

// GraphProto: its initializers, and the tensors of its nodes' attributes.
void read_graph(Reading& reading, const Place& place, ByteView message) {
  for (Fields fields(message); fields.next() && !reading.stopped();) {
    if (!fields.sized) continue;
    if (fields.field == 5) read_tensor(reading, place, fields.content);
    if (fields.field != 1) continue;
    for (Fields node(fields.content); node.next();) {
      if (node.field != 5 || !node.sized) continue;
      for (Fields attribute(node.content); attribute.next();) {
        if (attribute.field == 5 && attribute.sized) read_tensor(reading, place, attribute.content);
      }
    }
  }
}

}  // namespace

bool looks_like_onnx(ByteView bytes) {
  // ModelProto: ir_version (field 1), then producer, graph, opsets: a whole protocol buffer of its fields
  // alone.
  if (bytes.size() < 16 || bytes[0] != 0x08 || bytes[1] == 0 || bytes[1] > 20) return false;
  bool graph = false;
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.field == 0 || fields.field > 25) return false;
    graph = graph || (fields.field == 7 && fields.sized);
  }
  return graph && fields.at_end();
}

void read_onnx(Reading& reading, const Place& place, ByteView bytes) {
  RawScan::whole(reading, place, {}, bytes);
  for (Fields fields(bytes); fields.next();) {
    if (fields.field == 7 && fields.sized) read_graph(reading, place, fields.content);
  }
}

}  // namespace hetao::inspection
