// Items: their digest, and the names and kinds that a task gives to its outputs. Pure functions.
#pragma once

#include <string>

#include "gateway/base/result.h"
#include "proto/state.pb.h"

namespace hetao::federation {

// Fills in `bytes` and `digest` from `files`: one unnamed file gives its own digest; several give
// "files-sha256:" + SHA-256 over the lines "PATH\0DIGEST\0BYTES\n", sorted by path.
void seal_item(pb::Item& item);

// What is wrong with an item that somebody else describes, or "": its digest and size are those of its files,
// no two files have one place, and no place is outside of the item's.
std::string misfit_of(const pb::Item& item);

// The name of a task's output: what follows "result:" in its URL, or the last part of its path.
std::string output_name(const pb::Output& output);

// What the tag `output:NAME` declares; `result` when there is none.
std::string output_kind(const pb::Task& task, const std::string& name);

// "dataset:ID" -> ID; empty when the input names no dataset.
std::string dataset_of(const pb::Input& input);

}  // namespace hetao::federation
