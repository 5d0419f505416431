// For a thread whose work may wait while others' may not, on a machine that has no core to spare.
#pragma once

namespace hetao::io {

// The calling thread is given less of a core that others want, and, where the kernel can (Linux 6.12:
// sched_setattr(2), the slice of an ordinary thread), is made to leave it within a tenth of a millisecond
// rather than some milliseconds. It is never starved. What the kernel refuses is left as it was.
void give_way();

}  // namespace hetao::io
