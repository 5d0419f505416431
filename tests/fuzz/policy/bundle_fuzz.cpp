// Any bytes as a bundle: what is read prints as it came.
#include "gateway/base/check.h"
#include "policy/bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao::policy;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto parts = split_bundle(bytes);
  if (!parts) return 0;
  const std::string_view note = parts->signed_note.substr(0, parts->signed_note.find("\n\n") + 1);
  const auto bundle = read_bundle(note, parts->content);
  if (!bundle) return 0;
  HETAO_CHECK(print_files(bundle->files) == parts->content);
  HETAO_CHECK(bundle_note(bundle->edition, bundle->pack_digest, parts->content) == note);
  HETAO_CHECK(join_bundle(parts->signed_note, parts->content) == bytes);
  (void)load_pack(bundle->files);
  return 0;
}
