#include "gateway/inspection/scan/mask_engines.h"
#include "gateway/inspection/scan/number_kernel.h"

namespace hetao::inspection {

const NumberEngine kPlainNumbers{kernel::judge_numbers, kernel::count_columns};

}  // namespace hetao::inspection
