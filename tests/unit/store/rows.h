// What a store holds, as a test compares it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "gateway/store/store.h"

namespace hetao::store {

using federation::Record;
using federation::Table;

using Rows = std::map<std::pair<Table, std::string>, std::string>;

inline Rows rows_of(Store& store) {
  Rows rows;
  const auto loaded = store.load([&](const Record& record) -> Result<void> {
    rows[{record.table, record.key}] = *record.value;
    return {};
  });
  EXPECT_TRUE(loaded) << to_line(loaded.error());
  return rows;
}

inline Record put(Table table, std::string key, std::string value) {
  return {table, std::move(key), std::move(value)};
}

}  // namespace hetao::store
