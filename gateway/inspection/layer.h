// Layers: a file, and what is inside it. Internal to the room.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/inspection/inspector.h"
#include "gateway/inspection/scan/window.h"

namespace hetao::inspection {

// One inspection: what it found so far, and how much it may still do.
class Reading {
 public:
  explicit Reading(const InspectOptions& options) : options_(options) {}

  const InspectOptions& options() const { return options_; }
  const InspectLimits& limits() const { return options_.limits; }
  Report& report() { return report_; }

  void not_read(const std::string& path, std::string_view why);
  void found(Kind kind, const std::string& path, uint64_t offset, uint64_t count = 1);
  void format(const std::string& path, std::string_view name, std::string_view what);
  // Bytes that came out of a layer. False when that is too much, which is then said once.
  bool decoded(const std::string& path, uint64_t bytes);
  bool member(const std::string& path);
  bool stopped() const { return stopped_; }
  Report finish(uint64_t bytes_in);

 private:
  const InspectOptions& options_;
  Report report_;
  uint64_t bytes_in_ = 0;
  uint64_t not_read_count_ = 0;
  bool stopped_ = false;  // a limit on the whole was passed: nothing more is unpacked

 public:
  void expects(uint64_t bytes_in) { bytes_in_ = bytes_in; }
};

struct Place {
  std::string path;  // "" for the file itself
  int depth = 0;
  bool guessed = false;  // perhaps nothing: base64 without a mark may be any other word
  Place inside(std::string_view name) const;
};

// Takes a layer's bytes in order.
class Taker {
 public:
  virtual ~Taker() = default;
  virtual void take(ByteView bytes) = 0;
  virtual void end() = 0;  // once; nothing is taken afterwards
};

// Reads a layer that comes in pieces: kept in memory as long as it is small, else read as it flows.
class Layer : public Taker {
 public:
  Layer(Reading& reading, Place place) : reading_(reading), place_(std::move(place)) {}
  void take(ByteView bytes) override;
  void end() override;

 private:
  void overflow();
  Reading& reading_;
  Place place_;
  Bytes held_;
  std::unique_ptr<Taker> flow_;  // once it is too large to be kept
  bool refused_ = false;
};

// Reads a layer that is there as a whole.
void read_layer(Reading& reading, const Place& place, ByteView bytes);

// Scans raw bytes in windows; may leave out parts that are read as layers of their own.
class RawScan {
 public:
  RawScan(Reading& reading, Place place, Shape shape);
  void take(ByteView bytes);
  void skip(uint64_t bytes);
  // Reports what was found; tells whether the bytes were text, and how many lines they had.
  struct Seen {
    bool binary = false;
    uint64_t lines = 0;
  };
  Seen end();
  // The whole at once, in parallel where it is worth it.
  static Seen whole(Reading& reading, const Place& place, const Shape& shape, ByteView bytes);

 private:
  void scan_held(bool last);
  void read_held_runs(std::string_view seen, bool to_the_end);
  Reading& reading_;
  Place place_;
  Shape shape_;
  Tally tally_;
  std::vector<Embedded> embedded_;    // of the window
  std::vector<Tally::Range> ranges_;  // of runs that were read
  std::string held_;                  // readable bytes, from `begin_` in the layer on
  uint64_t begin_ = 0;
  uint64_t next_ = 0;     // where the next window begins
  uint64_t segment_ = 0;  // where these bytes begin, after what was left out
  uint64_t end_ = 0;      // bytes taken or left out so far
};

// What a layer's beginning says of it.
struct Sniffed {
  std::string_view name;  // "gzip", "text", …
  std::string_view what;  // "packed", "image", …
  bool flows = false;     // `open_flow` can read it as it comes
};

Shape shape_of(std::string_view head);

}  // namespace hetao::inspection
