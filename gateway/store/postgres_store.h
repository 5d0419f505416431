// The store that several nodes of a city share: a PostgreSQL database (13 or newer). Schema `hetao`,
// migrations in the .cpp. See store.h for the promises. Not thread-safe.
//
// One node leads: it holds a session-level advisory lock, and commits through that very session. So a commit
// that succeeds proves that nobody else led at that moment: when the session is gone, the lock is gone, and
// so is every way to commit. The server notices a node that vanished by TCP keep-alives (about 10 s; at once
// when the process was killed), and the next node gets the lock.
//
// A commit is one statement, and so one transaction and one round trip. Every ledger entry is kept: other
// nodes complete their ledger's files from them.
//
// Refused: a server with fsync or full_page_writes off (a commit would prove nothing), a standby server, and
// a connection pooler that shares sessions (the lock would belong to nobody).
#pragma once

#include <string>

#include "gateway/base/result.h"
#include "gateway/store/store.h"

namespace hetao::store {

// Whether libpq understands it; connects to nothing.
Result<void> check_postgres_url(const std::string& url);
Result<Claim> claim_postgres(const std::string& url, const Owner& owner);

}  // namespace hetao::store
