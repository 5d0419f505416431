// HDF5: every object that can be reached from the root, its attributes, and the values of its datasets as
// lines of text under their names. What is stored in ways that are not read (dense groups, newer indexes of
// chunks, filters of others) is said, and so are bytes that belong to no object. Source: HDF5 File Format
// Specification, version 3.0.
#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/formats/hdf5_messages.h"
#include "gateway/inspection/formats/hdf5_values.h"

namespace hetao::inspection {

namespace {

using namespace hdf5;
using namespace std::string_view_literals;

constexpr size_t kObjectsMax = 100'000;
constexpr size_t kMessagesMax = 20'000;  // of one object
constexpr size_t kNodesMax = 1'000'000;  // of all trees
constexpr int kTreeDepthMax = 16;
constexpr auto kSignature = "\x89HDF\r\n\x1a\n"sv;

struct Message {
  uint64_t type = 0;
  uint64_t flags = 0;
  ByteView data;
};

class Hdf5File {
 public:
  Hdf5File(Reading& reading, const Place& place, ByteView bytes)
      : reading_(reading), place_(place), file_(reading, place, bytes) {}

  void read() {
    if (!read_superblock()) return unread("its superblock does not fit");
    while (!pending_.empty() && !reading_.stopped()) {
      const Link next = std::move(pending_.front());
      pending_.pop_front();
      if (!seen_.insert(next.address).second) continue;
      if (seen_.size() > kObjectsMax) return unread("more objects than are read");
      read_object(next);
    }
    if (const std::string why = file_.uncovered(); !why.empty()) unread(why);
  }

 private:
  void unread(const std::string& why) { reading_.not_read(place_.path, "HDF5: " + why); }

  bool read_superblock() {
    const std::string_view text = as_text(file_.all());
    uint64_t at = 0;
    while (at < text.size() && !text.substr(at).starts_with(kSignature)) at = at == 0 ? 512 : at * 2;
    if (at >= text.size()) return false;
    Cursor in(file_.all().subspan(at + kSignature.size()));
    const uint64_t version = in.number(1);
    uint64_t root = kUndefined;
    Sizes& sizes = file_.sizes;
    if (version <= 1) {
      in.take(4);
      sizes = {in.number(1), in.number(1)};
      in.take(1);
      leaf_ = in.number(2);
      inner_ = in.number(2);
      in.take(4);
      if (version == 1) chunks_ = in.number(2), in.take(2);
      if (!fits(sizes)) return false;
      file_.base = address_of(in, sizes.offset);
      in.take(3 * sizes.offset);
      address_of(in, sizes.offset);  // name of the root
      root = address_of(in, sizes.offset);
      in.take(24);
    } else if (version <= 3) {
      sizes = {in.number(1), in.number(1)};
      in.take(1);
      if (!fits(sizes)) return false;
      file_.base = address_of(in, sizes.offset);
      const uint64_t extension = address_of(in, sizes.offset);
      in.take(sizes.offset);
      root = address_of(in, sizes.offset);
      in.take(4);
      if (extension != kUndefined) pending_.push_back({"(superblock)", extension, false});
    } else {
      return false;
    }
    if (in.broken() || root == kUndefined || file_.base > at) return false;
    file_.cover_place(at, file_.all().size() - in.left());
    if (at > 0) read_front(file_.all().first(at));
    pending_.push_back({"", root, false});
    return true;
  }
  static bool fits(const Sizes& sizes) {
    const auto good = [](size_t n) { return n == 2 || n == 4 || n == 8; };
    return good(sizes.offset) && good(sizes.length);
  }

  // A block of the user's own in front.
  void read_front(ByteView front) {
    file_.cover_place(0, front.size());
    while (!front.empty() && front.back() == 0) front = front.first(front.size() - 1);
    if (!front.empty()) read_layer(reading_, place_.inside("user block"), front);
  }

  // The messages of an object's header and of what continues it.
  std::optional<std::vector<Message>> messages_of(uint64_t address) {
    std::vector<Message> found;
    std::deque<ByteView> blocks;
    Cursor in(file_.from(address));
    const bool newer = as_text(in.rest().first(std::min<size_t>(in.left(), 4))) == "OHDR";
    uint64_t flags = 0;
    if (newer) {
      in.take(5);
      flags = in.number(1);
      if ((flags & 0x20U) != 0) in.take(16);
      if ((flags & 0x10U) != 0) in.take(4);
      const uint64_t size = in.number(size_t{1} << (flags & 3U));
      blocks.push_back(in.take(size));
      in.take(4);
    } else {
      if (in.number(1) != 1) return std::nullopt;
      in.take(7);
      const uint64_t size = in.number(4);
      in.take(4);
      blocks.push_back(in.take(size));
    }
    if (in.broken()) return std::nullopt;
    file_.cover(address, file_.from(address).size() - in.left());
    while (!blocks.empty()) {
      Cursor block(blocks.front());
      blocks.pop_front();
      while (block.left() >= (newer ? 4U : 8U)) {
        Message message;
        message.type = block.number(newer ? 1 : 2);
        const uint64_t size = block.number(2);
        message.flags = block.number(1);
        block.take(newer ? ((flags & 4U) != 0 ? 2 : 0) : 3);
        message.data = block.take(size);
        if (block.broken() || found.size() >= kMessagesMax) return std::nullopt;
        if (message.type == 0x10) {
          const auto more = continuation(message.data, newer);
          if (!more) return std::nullopt;
          blocks.push_back(*more);
        }
        found.push_back(message);
      }
    }
    return found;
  }

  std::optional<ByteView> continuation(ByteView data, bool newer) {
    Cursor in(data);
    const uint64_t address = address_of(in, file_.sizes.offset);
    const uint64_t size = in.number(file_.sizes.length);
    const auto block = file_.part(address, size);
    if (in.broken() || !block || !continued_.insert(address).second) return std::nullopt;
    file_.cover(address, size);
    if (!newer) return block;
    if (block->size() < 8 || as_text(block->first(4)) != "OCHK") return std::nullopt;
    return block->subspan(4, block->size() - 8);
  }

  // A committed datatype stands in a header of its own.
  std::optional<Datatype> datatype_of(const Message& message) {
    Cursor in(message.data);
    if ((message.flags & 2U) == 0) return read_datatype(in);
    const uint64_t version = in.number(1);
    in.take(version == 1 ? 7 : 1);
    const uint64_t address = address_of(in, file_.sizes.offset);
    if (in.broken()) return std::nullopt;
    const auto messages = messages_of(address);
    if (!messages) return std::nullopt;
    continued_.clear();
    for (const Message& one : *messages) {
      Cursor own(one.data);
      if (one.type == 3 && (one.flags & 2U) == 0) return read_datatype(own);
    }
    return std::nullopt;
  }

  void read_object(const Link& link) {
    continued_.clear();
    const auto messages = messages_of(link.address);
    if (!messages) return unread("an object whose header does not fit");
    Dataset dataset;
    dataset.name = link.name.empty() ? "values" : link.name;
    bool is_dataset = false;
    Attributes attributes(reading_, place_, link.name, file_);
    for (const Message& message : *messages) {
      Cursor in(message.data);
      switch (message.type) {
        case 0x01:
          if (auto space = read_dataspace(in, file_.sizes)) dataset.space = std::move(*space);
          break;
        case 0x02:
          if (link_heap(in))
            unread("a group with so many links that they are stored in a way that is not read");
          break;
        case 0x03:
          dataset.type = datatype_of(message);
          break;
        case 0x06:
          follow(read_link(in, file_.sizes), link.name);
          break;
        case 0x07:
          unread("values that stand in other files");
          break;
        case 0x08:
          dataset.layout = read_layout(in, file_.sizes);
          is_dataset = true;
          break;
        case 0x0b:
          if (auto filters = read_filters(in)) {
            dataset.filters = std::move(*filters);
          } else {
            unread("filters that do not fit");
          }
          break;
        case 0x0c:
          attributes.add(message.data, (message.flags & 2U) != 0);
          break;
        case 0x0f:
        case 0x15:
          if (message.type == 0x0f || attribute_heap(in))
            unread("attributes or messages that are stored in a way that is not read");
          break;
        case 0x11:
          read_symbols(in, link.name);
          break;
        default:
          break;
      }
    }
    if (is_dataset) read_dataset(reading_, place_, file_, dataset, chunks_);
    attributes.end();
  }

  bool link_heap(Cursor& in) {
    in.take(1);
    if ((in.number(1) & 1U) != 0) in.take(8);
    return address_of(in, file_.sizes.offset) != kUndefined;
  }
  bool attribute_heap(Cursor& in) {
    in.take(1);
    if ((in.number(1) & 1U) != 0) in.take(2);
    return address_of(in, file_.sizes.offset) != kUndefined;
  }

  void follow(std::optional<Link> link, const std::string& group) {
    if (!link) return unread("a link that does not fit");
    if (link->elsewhere) return unread("a link into another file");
    if (link->address == kUndefined) return;  // a name for another name
    link->name = (group.empty() ? "" : group + "/") + readable(link->name, 200);
    pending_.push_back(std::move(*link));
  }

  // The older form of a group: a tree of tables of names.
  void read_symbols(Cursor& in, const std::string& group) {
    const uint64_t tree = address_of(in, file_.sizes.offset);
    const uint64_t heap = address_of(in, file_.sizes.offset);
    const auto names = in.broken() ? std::nullopt : heap_of(heap);
    if (!names || !read_tree(tree, *names, group, 0)) unread("a group that does not fit");
  }

  std::optional<ByteView> heap_of(uint64_t address) {
    Cursor in(file_.from(address));
    if (as_text(in.take(4)) != "HEAP") return std::nullopt;
    in.take(4);
    const uint64_t size = in.number(file_.sizes.length);
    in.take(file_.sizes.length);
    const uint64_t data = address_of(in, file_.sizes.offset);
    const auto names = file_.part(data, size);
    if (in.broken() || !names) return std::nullopt;
    file_.cover(address, file_.from(address).size() - in.left());
    file_.cover(data, size);
    return names;
  }

  bool read_tree(uint64_t address, ByteView names, const std::string& group, int depth) {
    Cursor in(file_.from(address));
    if (depth > kTreeDepthMax || ++nodes_ > kNodesMax || as_text(in.take(4)) != "TREE" || in.number(1) != 0)
      return false;
    const uint64_t level = in.number(1);
    const uint64_t entries = in.number(2);
    const Sizes& sizes = file_.sizes;
    in.take(2 * sizes.offset + sizes.length);
    file_.cover(address, 8 + 2 * sizes.offset + 2 * inner_ * (sizes.offset + sizes.length) + sizes.length);
    for (uint64_t i = 0; i < entries; ++i) {
      const uint64_t child = address_of(in, sizes.offset);
      in.take(sizes.length);
      if (in.broken()) return false;
      const bool good =
          level > 0 ? read_tree(child, names, group, depth + 1) : read_table(child, names, group);
      if (!good) return false;
    }
    return true;
  }

  bool read_table(uint64_t address, ByteView names, const std::string& group) {
    Cursor in(file_.from(address));
    if (++nodes_ > kNodesMax || as_text(in.take(4)) != "SNOD") return false;
    in.take(2);
    const uint64_t count = in.number(2);
    file_.cover(address, 8 + 2 * leaf_ * (2 * file_.sizes.offset + 24));
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t at = in.number(file_.sizes.offset);
      Link link;
      link.address = address_of(in, file_.sizes.offset);
      const uint64_t cache = in.number(4);
      in.take(20);
      if (in.broken() || at >= names.size()) return false;
      Cursor name(names.subspan(at));
      link.name = name.name();
      if (name.broken()) return false;
      if (cache == 2) link.address = kUndefined;  // the name of another name
      follow(std::move(link), group);
    }
    return true;
  }

  Reading& reading_;
  Place place_;
  Hdf5Bytes file_;
  std::deque<Link> pending_;
  std::set<uint64_t> seen_;
  std::set<uint64_t> continued_;  // blocks of one header
  uint64_t leaf_ = 4;
  uint64_t inner_ = 16;
  uint64_t chunks_ = 32;
  size_t nodes_ = 0;
};

}  // namespace

void read_hdf5(Reading& reading, const Place& place, ByteView bytes) {
  RawScan::whole(reading, place, {}, bytes);
  Hdf5File(reading, place, bytes).read();
}

}  // namespace hetao::inspection
