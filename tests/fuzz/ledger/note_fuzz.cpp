// Signed notes and vkeys: what is read prints as the same bytes, and checking signatures never misbehaves.
#include "gateway/ledger/note.h"

#include "gateway/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  using namespace hetao::ledger;
  const std::string_view text = as_text({data, size});
  static const std::vector<VerifierKey> known = {
      parse_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").value()};
  if (const auto note = parse_note(text)) {
    HETAO_CHECK(print_note(*note) == text);
    const auto check = verify_note(*note, known);
    HETAO_CHECK(!check || check->verified.size() == 1);
  }
  if (const auto key = parse_vkey(text)) HETAO_CHECK(print_vkey(*key) == text);
  if (const auto key = SigningKey::parse(text)) HETAO_CHECK(key->print() == text);
  return 0;
}
