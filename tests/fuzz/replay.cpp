// Feeds files to a fuzz target, for builds without libFuzzer: what was found once stays mended.
//
// Usage: replay_NAME FILE_OR_FOLDER...
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  size_t files = 0;
  const auto feed = [&](const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    ++files;
  };
  for (int i = 1; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      feed(argv[i]);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(argv[i])) feed(entry.path());
  }
  std::printf("%zu inputs\n", files);
  return files > 0 ? 0 : 1;
}
