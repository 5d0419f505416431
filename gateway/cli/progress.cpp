#include "gateway/cli/progress.h"

#include <cstdio>

#include "gateway/base/text.h"

namespace hetao::cli {

void show_progress(const Context& context, const std::string& name, uint64_t have, uint64_t all) {
  if (!context.terminal || context.json || all == 0) return;
  const uint64_t filled = have * 30 / all;
  std::string bar(filled, '=');
  bar.append(30 - filled, ' ');
  std::fprintf(stderr, "\r%s [%s] %s of %s ", printable(name).c_str(), bar.c_str(), human_bytes(have).c_str(),
               human_bytes(all).c_str());
  if (have >= all) std::fputc('\n', stderr);
}

}  // namespace hetao::cli
