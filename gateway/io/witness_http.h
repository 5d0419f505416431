// A third party's witness over HTTPS (C2SP tlog-witness): its answers as values. Calls block; thread-safe.
#pragma once

#include <string>

#include "gateway/ledger/cosigning.h"

namespace hetao::io {

// Status 0: no answer.
ledger::WitnessReply post_to_witness(const std::string& url, const std::string& body);
ledger::WitnessReply get_from_witness(const std::string& url);

}  // namespace hetao::io
