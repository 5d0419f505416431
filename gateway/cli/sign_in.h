// The commands of signing in, and of bringing files.
#pragma once

#include "gateway/cli/command.h"

namespace hetao::cli {

void add_login(Program& program);                             // login, logout
void add_upload(Program& program);                            // upload
void add_personal_tokens(Program& program, CLI::App& group);  // token create/list/revoke

}  // namespace hetao::cli
