// A synthetic corpus in five parts, with identifiers planted at known rates. The same seed gives the same
// bytes. All identifiers are made up: regions and birth dates at random, check digits right.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hetao::bench {

struct Part {
  std::string name;  // english, chinese, csv, random, base64
  std::string text;
  std::map<std::string, uint64_t> planted;  // by kind
};

std::vector<Part> make_corpus(size_t bytes_a_part, uint64_t seed);

}  // namespace hetao::bench
