// The archive of an embedded store: a connection of its own that only reads. See archive.h.
#pragma once

#include <memory>
#include <string>

#include "gateway/store/archive.h"

namespace hetao::store {

Result<std::unique_ptr<Archive>> open_sqlite_archive(const std::string& path);

}  // namespace hetao::store
