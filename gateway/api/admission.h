// Who may submit when there is too much: bounded, and fair between tenants.
//
// Open jobs of a home are bounded. A tenant may have at most as many as are still free for everybody: one
// tenant alone gets half of the bound, two get a third each, and there is always room for the next one.
// Submissions under way are bounded too, and shared evenly between the tenants that have some: a tenant that
// floods waits for itself. What is turned away is turned away before its body is read, with the seconds after
// which to ask again. Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace hetao::api {

// Of a home: all open jobs, this tenant's, and the bound.
struct OpenJobs {
  size_t all = 0;
  size_t tenant = 0;
  size_t most = 0;
};

// How many more this tenant may submit until it has its share, if nobody else does.
size_t further_jobs(const OpenJobs& open);

struct TurnedAway {
  int status = 503;  // 429: this tenant has its share; 503: there is no room for anybody
  int retry_after_seconds = 1;
  Error error;
};

class Admission {
 public:
  static constexpr size_t kUnderWayMax = 256;

  // Held as long as a submission is under way.
  class Place {
   public:
    Place(Admission& owner, std::string tenant) : owner_(&owner), tenant_(std::move(tenant)) {}
    Place(Place&& other) noexcept : owner_(other.owner_), tenant_(std::move(other.tenant_)) {
      other.owner_ = nullptr;
    }
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (owner_ != nullptr) owner_->leave(tenant_);
    }

   private:
    Admission* owner_;
    std::string tenant_;
  };

  // Nothing: come in, and hold the place.
  std::optional<TurnedAway> ask(std::string_view tenant, const OpenJobs& open) const;
  Place enter(std::string tenant);

 private:
  void leave(const std::string& tenant);

  std::map<std::string, size_t, std::less<>> under_way_;  // of each tenant that has some
};

}  // namespace hetao::api
