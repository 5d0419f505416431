// What a node of earlier versions kept in its own data_dir, though every node that leads has to find it.
#pragma once

#include <string>

#include "gateway/base/result.h"

namespace hetao::io {

// Moves the plain files of folder `from` that `to` lacks there, durably, and removes `from`. Does nothing
// when `from` is not there, or is `to`; may be done again after a crash. The calls block.
Result<void> adopt_files(const std::string& from, const std::string& to);

// Removes a file or folder whose content was taken over; it may be gone already.
Result<void> remove_adopted(const std::string& place);

}  // namespace hetao::io
