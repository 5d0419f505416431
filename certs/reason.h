// Builds refusals: the reason's stable word and what an operator does about it. Internal to the room.
#pragma once

#include "certs/verify.h"

namespace hetao::certs {

// `whose` names the certificate in the error.
Refusal refusal(Reason reason, std::string whose, std::string why);

}  // namespace hetao::certs
