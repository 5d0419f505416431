// The system call filter that every program of a job gets: calls that no computation needs and that have been
// ways out of sandboxes answer EPERM, or ENOSYS where programs have a way without them. A second wall: the
// first are the namespaces and the missing capabilities. Other instruction sets' calls (32-bit, x32) answer
// ENOSYS.
#pragma once

namespace hetao::runner {

// For this thread and everything it executes; needs no_new_privs. False on failure.
bool install_filter();

}  // namespace hetao::runner
