// JSON for every room: Boost.JSON's value, parsed under limits, and printed canonically where bytes are
// hashed.
#pragma once

#include <boost/json/fwd.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace hetao {

namespace json = boost::json;

// Parses one JSON text (RFC 8259). Refuses: invalid UTF-8, duplicate keys, nesting over 32, more than
// `max_bytes`. `what` names the source in the error.
Result<json::value> parse_json(std::string_view text, std::string_view what,
                               size_t max_bytes = size_t{16} << 20U);

// RFC 8785 (JSON Canonicalization Scheme). Numbers must be integers of at most 2^53 in magnitude: the product
// hashes no fractions. Breaks an invariant (aborts) otherwise.
std::string canonical_json(const json::value& value);

// Adds `text` (well-formed UTF-8) as RFC 8785 prints a string, quotes included. For printers that know their
// members' order and need no tree of values.
void append_canonical_string(std::string& out, std::string_view text);

}  // namespace hetao
