// hetao inspect: the egress scanner, offline.
#include <fstream>
#include <iostream>

#include "gateway/base/text.h"
#include "gateway/cli/command.h"
#include "gateway/inspection/inspector.h"

namespace hetao::cli {

namespace {

struct InspectOptions {
  std::vector<std::string> files;
  std::string profile = "personal-identifiers";
};

Result<inspection::Report> inspect_file(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return fail(ErrorCode::kUsage, path, "can't be read", "give the path of a file");
  }
  std::istream& in = path == "-" ? std::cin : file;
  inspection::Inspector inspector;
  std::string piece(size_t{1} << 20U, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    inspector.feed(as_bytes(std::string_view(piece).substr(0, static_cast<size_t>(in.gcount()))));
  }
  if (in.bad()) return fail(ErrorCode::kFailed, path, "could not be read to its end", "is it a folder?");
  return inspector.finish();
}

void show(const Context& context, const std::string& path, const inspection::Report& report) {
  const char* word = inspection::to_word(report.verdict);
  context.print(path + ": " +
                (report.verdict == inspection::Verdict::kClean ? context.good(word) : context.bad(word)) +
                ", " + human_bytes(report.coverage.bytes_read) + " of " +
                human_bytes(report.coverage.bytes_in) + " read");
  for (const inspection::Finding& finding : report.findings) {
    context.print("  " + finding.kind + ": " + std::to_string(finding.count) + ", confidence " +
                  inspection::to_word(finding.confidence) + ", first at byte " +
                  std::to_string(finding.offsets.front()));
  }
  for (const std::string& what : report.coverage.not_read) context.print("  not read: " + what);
}

int inspect(const Context& context, const InspectOptions& o) {
  bool clean = true;
  for (const std::string& path : o.files) {
    const auto result = inspect_file(path);
    if (!result) return report(context, result.error());
    clean = clean && result->verdict == inspection::Verdict::kClean;
    if (context.json) {
      json::object out = {{"file", path}};
      for (const auto& member : inspection::to_json(*result)) out[member.key()] = member.value();
      context.print_json(out);
    } else {
      show(context, path, *result);
    }
  }
  return clean ? 0 : 1;
}

}  // namespace

void add_inspect(Program& program) {
  const Context& context = program.context;
  add_command<InspectOptions>(
      program.app, program.chosen, "inspect",
      "read files as they would be read before they leave; exit 1 unless all are clean",
      [](CLI::App& command, InspectOptions& o) {
        command.add_option("FILE", o.files, "files, or - for standard input")->required();
        command.add_option("--profile", o.profile, "what to look for")
            ->capture_default_str()
            ->check(CLI::IsMember({"personal-identifiers"}));
      },
      [&context](const InspectOptions& o) { return inspect(context, o); });
}

}  // namespace hetao::cli
