// Kubernetes' quantities: "500m", "1Gi", "2e3", "0.5". Pure. Source: k8s.io/apimachinery, pkg/api/resource.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hetao::platforms::kubernetes {

// In thousandths, rounded up; what is over 2^53 is that. Nothing: no quantity.
std::optional<int64_t> parse_quantity_millis(std::string_view text);

}  // namespace hetao::platforms::kubernetes
