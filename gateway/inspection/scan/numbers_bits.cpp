// Compiled with -mbmi -mbmi2 -mlzcnt -mpopcnt; called where the processor has them.
#include "gateway/inspection/scan/mask_engines.h"
#include "gateway/inspection/scan/number_kernel.h"

namespace hetao::inspection {

const NumberEngine kBitNumbers{kernel::judge_numbers, kernel::count_columns};

}  // namespace hetao::inspection
