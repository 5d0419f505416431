// Writes the difference of two packs for people: grouped by what becomes of what, what a group's cases have
// in common said once. Not thread-safe.
#pragma once

#include <string>

#include "gateway/cli/context.h"
#include "policy/diff.h"

namespace hetao::cli {

// One test of a case in words: "data.grade is one of public, general (or is unknown)".
std::string case_phrase(const policy::CaseTest& test);

void print_diff(const Context& context, const policy::Diff& found);

}  // namespace hetao::cli
