// What people would have to bring about, in words and three languages. Private to the room. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "policy/explain.h"
#include "policy/schema.h"

namespace hetao::policy {

// Words for "`attribute` becomes `to`". Empty where another change of the same alternative says it: a
// mechanism that is on file is also in force.
Words phrase_for(const Attribute& attribute, std::string_view to,
                 const std::vector<AttributeChange>& together);

}  // namespace hetao::policy
