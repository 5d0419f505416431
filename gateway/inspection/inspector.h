// Reads what is about to leave, as a stream: bounded memory, and the same findings whatever pieces the bytes
// come in.
//
// Read today: UTF-8 text (plain, CSV, JSON, logs). Everything else (archives, images, other encodings, binary
// data) is recognised as not read, and the report is incomplete: nothing is ever let through because it could
// not be read. Identifiers carry their check digits: resident identity numbers (GB 11643, MOD 11-2), Hong
// Kong identity cards, payment cards (ISO/IEC 7812, Luhn), mobile numbers of the mainland, e-mail addresses.
// Names and addresses are not looked for.
//
// Pure; an Inspector belongs to one thread.
#pragma once

#include <memory>

#include "gateway/base/bytes.h"
#include "gateway/inspection/report.h"

namespace hetao::inspection {

class Inspector {
 public:
  Inspector();
  ~Inspector();
  Inspector(Inspector&&) noexcept;
  Inspector& operator=(Inspector&&) noexcept;

  void feed(ByteView bytes);
  Report finish();  // once

 private:
  struct Scan;
  std::unique_ptr<Scan> scan_;
};

Report inspect(ByteView content);

}  // namespace hetao::inspection
