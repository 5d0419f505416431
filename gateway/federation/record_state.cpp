#include "gateway/federation/record_state.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

using google::protobuf::internal::WireFormatLite;

// The number in a field of a message; 0 if it has none.
int number_in(const std::string& message, int field) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(message.data()),
                                            static_cast<int>(message.size()));
  uint32_t number = 0;
  while (const uint32_t tag = in.ReadTag()) {
    const bool is_it = tag == WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT);
    if (is_it ? !in.ReadVarint32(&number) : !WireFormatLite::SkipField(&in, tag)) return 0;
  }
  return static_cast<int>(number);
}

template <class State>
bool is_final_in(const std::string& message, int field) {
  const int state = number_in(message, field);
  return state != 0 && is_final(static_cast<State>(state));
}

}  // namespace

bool has_ended(const Record& record) {
  if (!record.value) return false;
  switch (record.table) {
    case Table::kJob:
      return is_final_in<pb::JobState>(*record.value, pb::Job::kStateFieldNumber);
    case Table::kRun:
      return is_final_in<pb::RunState>(*record.value, pb::Run::kStateFieldNumber);
    case Table::kCrossing:
      return is_final_in<pb::CrossingState>(*record.value, pb::Crossing::kStateFieldNumber);
    default:
      return false;
  }
}

}  // namespace hetao::federation
