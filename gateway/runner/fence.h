// The start fence: whoever makes the file `token` in a run's folder owns the run, for ever; everybody else
// has to leave it alone. The owner holds an flock on the token while it lives, so that the kernel itself
// tells whether it died: no process id that could be given again, no boot id, no clock.
#pragma once

#include <optional>

#include "gateway/base/result.h"
#include "gateway/runner/files.h"

namespace hetao::runner {

// The owned token, to be kept open as long as the owner lives (closed on exec); nullopt: it was taken before.
Result<std::optional<Fd>> take_token(int folder);

enum class TokenState {
  kFree,   // nobody ever took it
  kAlive,  // its owner lives
  kDead,   // its owner is gone
};

Result<TokenState> look_at_token(int folder);

// Tells a living owner to look at its markers (SIGUSR1). Fine if it is gone: then there is nothing to tell.
void wake_token_owner(int folder);

}  // namespace hetao::runner
