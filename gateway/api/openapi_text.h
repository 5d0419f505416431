// The text of openapi.yaml, built in.
#pragma once

#include <string_view>

namespace hetao::api {

std::string_view openapi_text();

}  // namespace hetao::api
