// What S3 answers in XML. pugixml reads no external entities and no DTD.
#include <pugixml.hpp>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/store_client.h"

namespace hetao::io {

Result<S3Listing> parse_listing(std::string_view xml) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_minimal | pugi::parse_escapes);
  const pugi::xml_node list = document.child("ListBucketResult");
  if (!parsed || !list) return fail(ErrorCode::kFailed, "store", "its list of objects can't be read");
  S3Listing out;
  for (const pugi::xml_node object : list.children("Contents")) {
    if (out.keys.size() == limits::kItemFilesMax)
      return fail(ErrorCode::kFailed, "store", "lists too many objects at once");
    std::string key = object.child_value("Key");
    if (!is_utf8(key)) return fail(ErrorCode::kFailed, "store", "lists a name that is not UTF-8");
    out.keys.push_back(std::move(key));
  }
  if (std::string_view(list.child_value("IsTruncated")) == "true")
    out.next = list.child_value("NextContinuationToken");
  return out;
}

std::string s3_error_words(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), pugi::parse_minimal | pugi::parse_escapes)) return {};
  const pugi::xml_node error = document.child("Error");
  const std::string code = error.child_value("Code");
  const std::string message = error.child_value("Message");
  if (code.empty()) return {};
  return printable((code + (message.empty() ? "" : ": " + message)).substr(0, 200));
}

}  // namespace hetao::io
