// The embedded store: one SQLite file in WAL mode with synchronous=FULL, so that COMMIT returns when the
// commit is on disk. Schema and migrations are in the .cpp. See store.h for the promises. Not thread-safe.
//
// Syscalls of a commit: pwrite64 of pages and frame headers to state.db-wal, then fdatasync of it; every
// 1,000 pages SQLite copies the pages into state.db: fdatasync wal, pwrite64 db, fdatasync db.
#pragma once

#include <memory>
#include <string>

#include "gateway/base/result.h"
#include "gateway/store/store.h"

namespace hetao::store {

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, const Owner& owner);

}  // namespace hetao::store
