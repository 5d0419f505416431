// Policy packs and the reports of their checks, by digest, in data_dir/policies: files that are written
// durably before a record names them, and never change. A pack is kept as a bundle (policy/bundle.h), with
// the signatures that it came with.
//
// Trust: as the rest of data_dir. A pack is loaded only if it has the digest that it is asked for by.
// Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "policy/policy.h"

namespace hetao::io {

class PackStore {
 public:
  static Result<PackStore> open(std::string folder);

  // Being there already is fine.
  Result<void> put_pack(const std::string& digest, std::string_view bundle);
  Result<std::string> pack(const std::string& digest) const;  // kNotFound when it is not there
  Result<std::shared_ptr<const policy::Policy>> load(const std::string& digest) const;

  // Answers the report's own digest.
  Result<std::string> put_report(std::string_view text);
  Result<std::string> report(const std::string& digest) const;

 private:
  explicit PackStore(std::string folder) : folder_(std::move(folder)) {}
  Result<void> put(const std::string& path, std::string_view text) const;

  std::string folder_;
};

}  // namespace hetao::io
