// Objects of which there may be very many, by key: kept packed, as they are stored, and open only while a
// step, or whoever reads between two steps, looks at them, and a little longer: what one step looked at, the
// next mostly does too. A packed job takes a third of the memory of an open one.
//
// Reads like a map. What find() and at() give stays open until close() at least; what a walk from begin() or
// lower_bound() gives is good until the walk goes on. Not thread-safe, reading included.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/check.h"

namespace hetao::federation {

template <class T>
class Shelf {
  struct Slot {
    std::string packed;
    mutable std::unique_ptr<T> open;
    bool changed = false;  // since it was packed
  };
  using Slots = std::map<std::string, Slot, std::less<>>;

 public:
  static constexpr std::ptrdiff_t kOpenMost = 256;

  struct Entry {
    const std::string& first;
    const T& second;
  };

  class Place {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Entry;

    Entry operator*() const { return {at_->first, object()}; }
    struct Arrow {
      Entry entry;
      const Entry* operator->() const { return &entry; }
    };
    Arrow operator->() const { return {**this}; }
    const std::string& key() const { return at_->first; }
    Place& operator++() {
      ++at_;
      walked_.reset();
      return *this;
    }
    Place& operator--() {
      --at_;
      walked_.reset();
      return *this;
    }
    bool operator==(const Place& other) const { return at_ == other.at_; }

   private:
    friend class Shelf;
    Place(const Shelf* shelf, typename Slots::const_iterator at, bool stays_open)
        : shelf_(shelf), at_(at), stays_open_(stays_open) {}

    const T& object() const {
      if (at_->second.open || stays_open_) return shelf_->opened(at_->second);
      if (!walked_) walked_ = unpacked(at_->second);
      return *walked_;
    }

    const Shelf* shelf_;
    typename Slots::const_iterator at_;
    bool stays_open_;
    mutable std::shared_ptr<const T> walked_;
  };

  size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }
  bool contains(std::string_view key) const { return slots_.find(key) != slots_.end(); }
  Place begin() const { return {this, slots_.begin(), false}; }
  Place end() const { return {this, slots_.end(), false}; }
  Place lower_bound(std::string_view key) const { return {this, slots_.lower_bound(key), false}; }
  Place find(std::string_view key) const { return {this, slots_.find(key), true}; }
  const T& at(std::string_view key) const {
    const auto found = slots_.find(key);
    HETAO_CHECK(found != slots_.end());
    return opened(found->second);
  }

  // To be changed, and made if it is not there; pack() keeps what was changed.
  T& edit(const std::string& key) {
    const auto [at, fresh] = slots_.try_emplace(key);
    if (fresh) {
      at->second.open = std::make_unique<T>();
      open_.push_back(&at->second);
    }
    at->second.changed = true;
    return opened(at->second);
  }
  // As it is now; to be stored.
  const std::string& pack(std::string_view key) {
    Slot& slot = slots_.find(key)->second;
    if (slot.open) {
      slot.packed = slot.open->SerializeAsString();
      slot.packed.shrink_to_fit();
    }
    slot.changed = false;
    return slot.packed;
  }
  void put_packed(const std::string& key, std::string packed) {
    slots_[key] = Slot{std::move(packed), nullptr, false};
  }
  void erase(const std::string& key) {
    const auto at = slots_.find(key);
    if (at == slots_.end()) return;
    std::erase(open_, &at->second);
    slots_.erase(at);
  }
  // Nobody looks any more. What was opened last stays open, and what was changed and is not packed yet.
  void close() {
    if (std::ssize(open_) <= kOpenMost) return;
    const auto last = open_.end() - kOpenMost / 2;
    const auto kept = std::remove_if(open_.begin(), last, [](const Slot* slot) {
      if (!slot->changed) slot->open.reset();
      return !slot->changed;
    });
    open_.erase(kept, last);
  }

 private:
  static std::unique_ptr<T> unpacked(const Slot& slot) {
    auto object = std::make_unique<T>();
    HETAO_CHECK(object->ParseFromString(slot.packed));
    return object;
  }
  T& opened(const Slot& slot) const {
    if (!slot.open) {
      slot.open = unpacked(slot);
      open_.push_back(&slot);
    }
    return *slot.open;
  }

  Slots slots_;
  mutable std::vector<const Slot*> open_;
};

}  // namespace hetao::federation
