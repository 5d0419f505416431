// hetao certs status: how long certificates and revocation lists last, of files, folders or a running
// gateway. Exit code 1 when something has expired, or should be renewed now.
#include <algorithm>
#include <filesystem>
#include <set>

#include "certs/status.h"
#include "gateway/base/text.h"
#include "gateway/cli/certs.h"
#include "gateway/cli/client.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

namespace fs = std::filesystem;

struct Row {
  std::string where, subject, urgency, advice, serial;
  int64_t days_left = 0;
};

// Cron jobs act on the exit code: whatever asks for somebody's hand counts.
bool needs_a_hand(const Row& row, const CertsStatusOptions& o) {
  if (o.days_soon && row.urgency != "not-yet-valid" && row.urgency != "revoked")
    return row.days_left < *o.days_soon;
  return row.urgency != "ok";
}

int show_rows(const Context& context, const CertsStatusOptions& o, const std::vector<Row>& rows) {
  bool bad = false;
  json::array all;
  Table table({"CERTIFICATE", "NAME", "DAYS LEFT", "STATE", "REASON"});
  for (const Row& row : rows) {
    bad = bad || needs_a_hand(row, o);
    json::object one = {{"where", row.where},
                        {"subject", row.subject},
                        {"days_left", row.days_left},
                        {"urgency", row.urgency},
                        {"advice", row.advice}};
    if (!row.serial.empty()) one["serial"] = row.serial;
    all.push_back(std::move(one));
    const std::string shown = row.urgency == "ok"    ? context.good(row.urgency)
                              : row.urgency == "due" ? context.warn(row.urgency)
                                                     : context.bad(row.urgency);
    table.add({row.where, row.subject, std::to_string(row.days_left), shown, row.advice});
  }
  if (context.json) {
    context.print_json(json::object{{"certificates", all}, {"needs_a_hand", bad}});
  } else {
    table.print(context);
  }
  return bad ? 1 : 0;
}

// A folder stands for its certificates and lists.
Result<std::vector<std::string>> files_of(const std::vector<std::string>& named) {
  std::vector<std::string> files;
  for (const std::string& name : named) {
    std::error_code error;
    if (!fs::is_directory(name, error)) {
      files.push_back(name);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry : fs::directory_iterator(name, error)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".crt" || entry.path().filename() == "crl.pem")
        inside.push_back(entry.path().string());
    }
    if (inside.empty())
      return fail(ErrorCode::kNotFound, name, "holds no *.crt and no crl.pem", "name the files");
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

bool is_list(const std::string& pem) {
  return pem.find("X509 CRL") != std::string::npos;
}

// The lists that say which of the certificates are revoked: those that are named, and those beside
// certificates.
std::string lists_for(const std::vector<std::string>& files) {
  std::set<std::string> places;
  for (const std::string& file : files) {
    places.insert(file);
    places.insert((fs::path(file).parent_path() / "crl.pem").string());
  }
  std::string lists;
  for (const std::string& place : places) {
    const auto pem = read_file(place);
    if (pem && is_list(*pem)) lists += *pem + "\n";
  }
  return lists;
}

Result<void> rows_of(const std::string& file, const std::string& lists_pem, Instant now,
                     std::vector<Row>& rows) {
  const auto pem = read_file(file);
  if (!pem) return fail(pem.error());
  if (is_list(*pem)) {
    const auto lists = certs::crl_status(*pem, now);
    if (!lists) return fail(lists.error().code, file, lists.error().why, lists.error().hint);
    for (const auto& one : *lists)
      rows.push_back({file, "revocation list of " + one.issuer, certs::to_word(one.urgency), one.advice,
                      std::string(), one.days_left});
    return {};
  }
  const auto all = certs::certificate_status(*pem, now, lists_pem);
  if (!all) return fail(all.error().code, file, all.error().why, all.error().hint);
  for (const auto& one : *all)
    rows.push_back({file, one.subject, certs::to_word(one.urgency), one.advice, one.serial, one.days_left});
  return {};
}

int status_of_files(const Context& context, const CertsStatusOptions& o) {
  std::vector<Row> rows;
  const auto files = files_of(o.files);
  if (!files) return report(context, files.error());
  const std::string lists = lists_for(*files);
  for (const std::string& file : *files) {
    if (auto read = rows_of(file, lists, wall_clock_now(), rows); !read) return report(context, read.error());
  }
  return show_rows(context, o, rows);
}

int status_of_gateway(const Context& context, const CertsStatusOptions& o) {
  const auto answer = Client(context).get("/api/v1/certs");
  if (!answer) return report(context, answer.error());
  std::vector<Row> rows;
  for (const json::value& value : list_at(answer->get_object(), "certificates")) {
    const json::object& one = value.get_object();
    rows.push_back({text_at(one, "used_for"), text_at(one, "subject"), text_at(one, "urgency"),
                    text_at(one, "advice"), text_at(one, "serial"), number_at(one, "days_left")});
  }
  for (const json::value& value : list_at(answer->get_object(), "revocation_lists")) {
    const json::object& one = value.get_object();
    rows.push_back({"revocation list", text_at(one, "issuer"), text_at(one, "urgency"),
                    text_at(one, "advice"), std::string(), number_at(one, "days_left")});
  }
  if (!context.json) return show_rows(context, o, rows);
  context.print_json(*answer);
  const bool bad =
      std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return needs_a_hand(row, o); });
  return bad ? 1 : 0;
}

}  // namespace

int certs_status(const Context& context, const CertsStatusOptions& o) {
  return o.files.empty() ? status_of_gateway(context, o) : status_of_files(context, o);
}

}  // namespace hetao::cli
