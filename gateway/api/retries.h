// Submissions whose answer their client never heard, so that the client's retry is the same job and not a
// second one. Clients repeat a create without a word when the connection breaks or takes too long (py-tes
// does, up to three times), and few send an Idempotency-Key. Two equal submissions that were both answered
// are two jobs.
//
// What is known is whether a client has left before its answer, or dropped the connection without reading it;
// and, after a start, which jobs were made when the gateway was last heard of: nobody knows whether their
// answers went out. What was made before those was answered, so that the same again is a second job. Each job
// is the answer to one client at a time, and no longer once one has heard of it. Io thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/base/time.h"
#include "gateway/federation/core.h"
#include "gateway/io/http.h"

namespace hetao::api {

class Retries : public std::enable_shared_from_this<Retries> {
 public:
  static constexpr Duration kWindow = Duration::seconds(120);  // a retry comes within it
  // Between what makes a job durable and its answer, with room for a disk that is slow.
  static constexpr Duration kAnswerPatience = Duration::seconds(10);
  static constexpr size_t kLostMax = 20'000;

  // Held while a submission is under way. `digest`: of everything in it, the submitter too.
  class Place {
   public:
    Place(Retries& owner, std::string digest) : owner_(&owner), digest_(std::move(digest)) {}
    Place(Place&& other) noexcept : owner_(other.owner_), digest_(std::move(other.digest_)) {
      other.owner_ = nullptr;
    }
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (owner_ != nullptr) owner_->under_way_.erase(digest_);
    }

   private:
    Retries* owner_;
    std::string digest_;
  };
  // Nothing: an equal one is under way already, for a client that is still there; the two are two jobs.
  std::optional<Place> enter(const std::string& digest, const std::shared_ptr<const io::HttpCaller>& caller);
  // An equal one is under way for a client that has left: what becomes of it is this one's answer too.
  bool is_orphaned(const std::string& digest) const;

  // The job of an equal submission whose answer was not heard; from now on this caller's, until its answer is
  // told or it leaves.
  std::optional<std::string> claim_lost(const std::string& digest,
                                        const std::shared_ptr<const io::HttpCaller>& caller, Instant now);
  // What HttpResponse::told is to be for the answer that tells of this job.
  std::function<void(bool)> watch(const std::string& digest, const std::string& job, Instant now);

  // Once after the start: the jobs without a key that were made in the last moments before it. The gateway
  // was there at least until the newest thing that any job tells.
  void look_back(const federation::Core& core, Instant started);

 private:
  struct Lost {
    std::string job;
    Instant until;
    bool is_claimed = false;
    std::shared_ptr<const io::HttpCaller> claimed_by = nullptr;
  };
  using LostOnes = std::multimap<std::string, Lost>;  // by digest, the oldest first

  LostOnes::iterator find(const std::string& digest, const std::string& job);
  void put(const std::string& digest, const std::string& job, Instant now);

  std::map<std::string, std::shared_ptr<const io::HttpCaller>> under_way_;
  LostOnes lost_;
  bool looked_back_ = false;
};

}  // namespace hetao::api
