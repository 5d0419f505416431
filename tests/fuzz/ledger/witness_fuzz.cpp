// add-checkpoint requests: every body gets one of the answers of the protocol, and only a signed one is
// cosigned.
#include "gateway/ledger/witness.h"

#include <algorithm>
#include <array>

#include "gateway/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  using namespace hetao::ledger;
  static const SigningKey log = SigningKey::from_seed("log", kEd25519, Bytes(32, 1)).value();
  static const SigningKey witness =
      SigningKey::from_seed("witness", kEd25519Cosignature, Bytes(32, 2)).value();
  static const std::vector<WitnessedLog> logs = {{"log", {log.verifier()}}};
  const std::string_view body = as_text({data, size});
  if (const auto request = parse_add_checkpoint(body)) HETAO_CHECK(print_add_checkpoint(*request) == body);
  // The note is signed anew, so that the fuzzer gets behind the signature; as it came, it is asked too.
  std::vector<std::string> bodies{std::string(body)};
  if (auto request = parse_add_checkpoint(body)) {
    if (auto note = parse_note(request->checkpoint)) {
      note->signatures = {sign_note(note->text, log)};
      request->checkpoint = print_note(*note);
      bodies.push_back(print_add_checkpoint(*request));
    }
  }
  static constexpr std::array<int, 6> kStatuses = {200, 400, 403, 404, 409, 422};
  WitnessState state;
  for (const std::string& asked : bodies) {
    const WitnessAnswer out = answer_add_checkpoint(asked, logs, state, witness, {1'795'000'000'000'000});
    HETAO_CHECK(std::find(kStatuses.begin(), kStatuses.end(), out.status) != kStatuses.end());
    HETAO_CHECK((out.status == 200) == out.store.has_value());
    if (out.store) {
      HETAO_CHECK(
          open_checkpoint(out.store->cosigned, logs[0].keys, std::vector{witness.verifier()}).has_value());
      state = *out.store;
    }
  }
  return 0;
}
