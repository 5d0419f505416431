// The web console's files as they are built into the program: index.html and hashed assets, each also
// compressed.
//
// Promises: sorted by path; the bytes live as long as the program. There are none in a program that was built
// where npm was missing. Pure; thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace hetao::console {

struct Asset {
  std::string_view path;  // below /console/: "index.html", "assets/index-XHQg2ynD.js"
  std::string_view type;  // Content-Type
  std::string_view bytes;
  std::string_view gzip;  // empty where compressing gains nothing
  std::string_view etag;  // quoted; of the bytes
  bool immutable;         // its name changes with its content
};

std::span<const Asset> assets();

const Asset* find_asset(std::string_view path);

}  // namespace hetao::console
