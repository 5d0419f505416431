#include "gateway/transfer/offer.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/transfer/record.h"
#include "proto/tunnel.pb.h"

namespace hetao::transfer {

namespace {

constexpr uint32_t kProgressFormat = 1;
constexpr size_t kDigestBytes = 32;

Bytes serialised(const google::protobuf::MessageLite& message) {
  Bytes out(message.ByteSizeLong());
  HETAO_CHECK(message.SerializeToArray(out.data(), static_cast<int>(out.size())));
  return out;
}

template <class Pb>
bool parse(ByteView bytes, Pb& out) {
  return bytes.size() < size_t{1} << 30U && out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

std::string bytes_of(const Digest& digest) {
  return std::string(as_text(digest.view()));
}

std::string bytes_of(const std::vector<Digest>& leaves) {
  std::string out;
  out.reserve(leaves.size() * kDigestBytes);
  for (const Digest& leaf : leaves) out += as_text(leaf.view());
  return out;
}

// Nothing when it is neither empty nor one hash for each chunk.
std::optional<std::vector<Digest>> leaves_from(std::string_view bytes, uint64_t chunks) {
  std::vector<Digest> leaves;
  if (bytes.empty()) return leaves;
  if (bytes.size() != chunks * kDigestBytes) return std::nullopt;
  leaves.reserve(chunks);
  for (; !bytes.empty(); bytes.remove_prefix(kDigestBytes))
    leaves.push_back(*Digest::from_bytes(as_bytes(bytes.substr(0, kDigestBytes))));
  return leaves;
}

// One bit for each chunk, and none beyond.
bool is_bitmap(std::string_view bytes, uint64_t chunks) {
  if (bytes.size() != (chunks + 7) / 8) return false;
  return chunks % 8 == 0 || (static_cast<uint8_t>(bytes.back()) >> (chunks % 8)) == 0;
}

auto refuse(const char* what, std::string why) {
  return fail(ErrorCode::kFailed, what, std::move(why));
}

}  // namespace

Bytes encode_offer(const Offer& offer) {
  pb::BlobOffer out;
  out.set_digest(bytes_of(offer.digest));
  out.set_size(offer.size);
  out.set_chunk_bytes(limits::kChunkBytes);
  out.set_crossing(offer.crossing);
  out.set_leaves(bytes_of(offer.leaves));
  out.set_lane(offer.lane);
  out.set_transfer(offer.transfer);
  return serialised(out);
}

Result<Offer> decode_offer(ByteView header) {
  static constexpr const char* kWhat = "offered blob";
  pb::BlobOffer in;
  if (!parse(header, in)) return refuse(kWhat, "the offer cannot be read");
  const auto digest = Digest::from_bytes(as_bytes(in.digest()));
  if (!digest) return refuse(kWhat, "its digest is not 32 bytes");
  if (in.size() > limits::kBlobBytesMax)
    return refuse(kWhat, "it is larger than " + human_bytes(limits::kBlobBytesMax));
  if (in.chunk_bytes() != limits::kChunkBytes) return refuse(kWhat, "its chunks are not of 1 MiB");
  if (in.crossing().size() > limits::kTextFieldBytesMax || printable(in.crossing()) != in.crossing())
    return refuse(kWhat, "its crossing is not a name");
  auto leaves = leaves_from(in.leaves(), chunk_count(in.size()));
  if (!leaves || leaves->size() > limits::kLeavesInOfferMax)
    return refuse(kWhat, "the number of its chunk hashes is wrong");
  Offer offer{*digest, in.size(), in.crossing(), std::move(*leaves), in.lane(), in.transfer()};
  if (!offer.leaves.empty() || offer.size == 0)
    if (auto ok = check_leaves({offer.digest, offer.size, offer.leaves}); !ok)
      return fail(std::move(ok.error()));
  return offer;
}

Bytes answer_record(const Answer& answer) {
  pb::BlobAnswer out;
  out.set_kind(static_cast<pb::BlobAnswer::Kind>(answer.kind));
  out.set_all(answer.all);
  out.set_missing(std::string(as_text(answer.missing)));
  out.set_reason(answer.reason);
  out.set_text(answer.text);
  return make_record(RecordKind::kAnswer, 0, serialised(out));
}

Bytes have_record() {
  return answer_record({.kind = Answer::Kind::kHave, .all = false, .missing = {}, .reason = 0, .text = {}});
}

Bytes refused_record(Refusal reason, std::string_view text) {
  std::string shown(text.substr(0, limits::kReasonTextBytesMax));
  if (!is_utf8(shown)) shown = "refused";
  return answer_record({.kind = Answer::Kind::kRefused,
                        .all = false,
                        .missing = {},
                        .reason = static_cast<uint32_t>(reason),
                        .text = std::move(shown)});
}

Bytes receipt_record(const Digest& digest, uint64_t size) {
  pb::BlobReceipt out;
  out.set_digest(bytes_of(digest));
  out.set_size(size);
  return make_record(RecordKind::kReceipt, 0, serialised(out));
}

Result<Answer> decode_answer(ByteView payload, uint64_t chunks) {
  static constexpr const char* kWhat = "answer to an offered blob";
  pb::BlobAnswer in;
  if (!parse(payload, in)) return refuse(kWhat, "it cannot be read");
  if (in.kind() < pb::BlobAnswer::HAVE || in.kind() > pb::BlobAnswer::REFUSED)
    return refuse(kWhat, "it is of an unknown kind");
  Answer answer{static_cast<Answer::Kind>(in.kind()),
                in.all(),
                {},
                in.reason(),
                printable(std::string_view(in.text()).substr(0, limits::kReasonTextBytesMax))};
  if (answer.kind != Answer::Kind::kWant || answer.all) return answer;
  if (!is_bitmap(in.missing(), chunks)) return refuse(kWhat, "its set of chunks does not fit the blob");
  answer.missing.assign(in.missing().begin(), in.missing().end());
  return answer;
}

Result<void> check_receipt(ByteView payload, const Digest& digest, uint64_t size) {
  pb::BlobReceipt in;
  if (!parse(payload, in) || in.digest() != bytes_of(digest) || in.size() != size)
    return fail(ErrorCode::kVerification, "receipt of blob " + blob_digest_text(digest),
                "is for something else");
  return {};
}

Bytes encode_progress(const Progress& progress) {
  const uint64_t chunks = chunk_count(progress.size);
  HETAO_CHECK(progress.stored.size() == chunks);
  std::string bits((chunks + 7) / 8, '\0');
  for (size_t i = 0; i < chunks; ++i)
    if (progress.stored[i])
      bits[i / 8] = static_cast<char>(static_cast<uint8_t>(bits[i / 8]) | (1U << (i % 8)));
  pb::BlobProgress out;
  out.set_format(kProgressFormat);
  out.set_digest(bytes_of(progress.digest));
  out.set_size(progress.size);
  out.set_leaves(bytes_of(progress.leaves));
  out.set_stored(bits);
  Bytes bytes = serialised(out);
  const Digest sum = ledger::sha256(bytes);
  bytes.insert(bytes.end(), sum.bytes.begin(), sum.bytes.end());
  return bytes;
}

Result<Progress> decode_progress(ByteView bytes) {
  const auto bad = [](const char* why) {
    return fail(ErrorCode::kVerification, "record of an unfinished transfer", why,
                "the transfer starts anew");
  };
  if (bytes.size() < kDigestBytes) return bad("it is cut off");
  const ByteView body = bytes.first(bytes.size() - kDigestBytes);
  if (Digest::from_bytes(bytes.subspan(body.size())) != ledger::sha256(body))
    return bad("its checksum is wrong");
  pb::BlobProgress in;
  if (!parse(body, in)) return bad("it cannot be read");
  if (in.format() != kProgressFormat) return bad("it is of another version");
  const auto digest = Digest::from_bytes(as_bytes(in.digest()));
  if (!digest || in.size() > limits::kBlobBytesMax) return bad("it names no blob");
  const uint64_t chunks = chunk_count(in.size());
  auto leaves = leaves_from(in.leaves(), chunks);
  if (!leaves || !is_bitmap(in.stored(), chunks)) return bad("its parts do not fit together");
  Progress progress{*digest, in.size(), std::move(*leaves), std::vector<bool>(chunks)};
  for (size_t i = 0; i < chunks; ++i)
    progress.stored[i] = ((static_cast<uint8_t>(in.stored()[i / 8]) >> (i % 8)) & 1U) != 0;
  if (!progress.leaves.empty() && !check_leaves({progress.digest, progress.size, progress.leaves}))
    return bad("its chunk hashes are not the blob's");
  return progress;
}

}  // namespace hetao::transfer
