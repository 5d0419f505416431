// Receives a batch: takes its list, has its owner say what of it is wanted, and stores the files of several
// records at once, so that one sync of the disk serves many. Internal to the item mover; io thread, but for
// the work that it hands to workers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/io/arrivals.h"
#include "gateway/io/blob_outcome.h"
#include "gateway/io/blob_store.h"
#include "gateway/io/moving.h"
#include "gateway/io/peer_link.h"
#include "gateway/io/workers.h"
#include "gateway/transfer/batch_receiver.h"

namespace hetao::io {

class IncomingBatch : public StreamHandler,
                      public Incoming,
                      public std::enable_shared_from_this<IncomingBatch> {
 public:
  struct Owner {
    // The list is here: answer with want or refuse, now or later.
    std::function<void(const std::shared_ptr<IncomingBatch>&)> listed;
    // These files are stored for good.
    std::function<void(const std::vector<transfer::BatchFile>&)> stored;
    std::function<void(const BlobOutcome&)> done;  // once
  };

  IncomingBatch(const std::shared_ptr<PeerLink>& link, tunnel::StreamId id, std::string region,
                Workers& workers, BlobStore& blobs, const Arrivals& arrivals, asio::any_io_executor executor,
                transfer::BatchOffer offer, Owner owner);

  // True for each file of the list that has to come; room for them is reserved first.
  void want(const std::vector<bool>& wanted);
  void refuse(transfer::Refusal reason, std::string_view text, std::string fault = {});
  const std::vector<transfer::BatchFile>& files() const { return receiver_.files(); }
  bool is_over() const { return over_; }

  void cancel() override;
  uint64_t bytes_stored() const override { return receiver_.bytes_stored(); }
  uint64_t bytes_total() const override { return receiver_.offer().bytes; }

  void on_data(ByteView bytes) override;
  void on_end() override;
  void on_reset(tunnel::Reason reason, const std::string& text) override;
  void on_writable() override { write_answers(); }
  void on_closed() override;

 private:
  void act();
  void on(transfer::ListKnown& action);
  void on(transfer::SendAnswer& action);
  void on(transfer::CheckFiles& action);
  void on(transfer::StoreFiles& action);
  void on(transfer::TakenBytes& action);
  void store_waiting();
  Result<void> store(const std::vector<transfer::StoreFiles>& records) const;
  void stored(const std::vector<transfer::StoreFiles>& records, const Result<void>& kept);
  void broke(const transfer::Failure& failure);
  void fail_here(transfer::Refusal reason, const std::string& why);
  void write_answers();
  void finish(const BlobOutcome& outcome);

  std::weak_ptr<PeerLink> link_;
  tunnel::StreamId id_;
  std::string region_;
  Workers& workers_;
  BlobStore& blobs_;
  const Arrivals& arrivals_;
  asio::any_io_executor executor_;
  transfer::BatchReceiver receiver_;
  Owner owner_;
  Bytes answers_;
  std::vector<transfer::StoreFiles> waiting_;  // checked, and not being stored yet
  bool storing_ = false;
  bool over_ = false;
  std::optional<ReservedRoom> room_;
};

}  // namespace hetao::io
