// The values of HDF5's datasets and attributes. Internal to hdf5.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/formats/hdf5_messages.h"

namespace hetao::inspection::hdf5 {

// The file's bytes by address, and which of them were understood.
class Hdf5Bytes {
 public:
  Hdf5Bytes(Reading& reading, const Place& place, ByteView bytes)
      : reading_(reading), place_(place), bytes_(bytes) {}
  Sizes sizes;
  uint64_t base = 0;

  ByteView all() const { return bytes_; }
  ByteView from(uint64_t address) const;  // to the end
  std::optional<ByteView> part(uint64_t address, uint64_t size) const;
  void cover(uint64_t address, uint64_t size) { cover_place(base + address, base + address + size); }
  void cover_place(uint64_t begin, uint64_t end) { covered_.push_back({begin, end}); }
  // What is said of bytes that nothing uses, and that are not zero; empty: there are none.
  std::string uncovered();
  // Bytes of variable length, by the reference that stands in their place. Nothing: it does not fit.
  std::optional<ByteView> variable(ByteView reference, uint64_t& count);
  void unread(const std::string& why) { reading_.not_read(place_.path, "HDF5: " + why); }

 private:
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  const std::map<uint64_t, ByteView>* heap_of(uint64_t address);
  Reading& reading_;
  Place place_;
  ByteView bytes_;
  std::vector<Range> covered_;
  std::map<uint64_t, std::map<uint64_t, ByteView>> heaps_;  // objects by number
};

struct Dataset {
  std::string name;
  std::optional<Dataspace> space;
  std::optional<Datatype> type;
  std::optional<Layout> layout;
  std::vector<Filter> filters;
};
// `chunk_nodes`: how many chunks half a node of their tree holds.
void read_dataset(Reading& reading, const Place& place, Hdf5Bytes& file, const Dataset& dataset,
                  uint64_t chunk_nodes);

// The attributes of one object, as a table of names and values.
class Attributes {
 public:
  Attributes(Reading& reading, const Place& place, std::string object, Hdf5Bytes& file)
      : reading_(reading), place_(place), object_(std::move(object)), file_(file) {}
  void add(ByteView message, bool shared);
  void end();

 private:
  Reading& reading_;
  Place place_;
  std::string object_;
  Hdf5Bytes& file_;
  std::optional<RenderedTable> out_;
};

}  // namespace hetao::inspection::hdf5
