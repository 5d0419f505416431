#include "gateway/cli/usage_record.h"

#include "gateway/base/markup.h"
#include "gateway/base/text.h"
#include "gateway/cli/context.h"

namespace hetao::cli {

namespace {

// XML 1.0: no control characters but tab and line ends, and those are none of names.
std::string xml(const std::string& text) {
  return escape_markup(printable(to_utf8(text)));
}

class Printer {
 public:
  void open(const std::string& name, const std::string& attributes = "") {
    line("<" + name + attributes + ">");
    depth_ += 2;
  }
  void close(const std::string& name) {
    depth_ -= 2;
    line("</" + name + ">");
  }
  // Left out when there is nothing to say.
  void put(const std::string& name, const std::string& value, const std::string& attributes = "") {
    if (!value.empty()) line("<" + name + attributes + ">" + xml(value) + "</" + name + ">");
  }
  void line(const std::string& text) { out_ += std::string(depth_, ' ') + text + "\n"; }
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
  size_t depth_ = 0;
};

std::string seconds(int64_t count) {
  return "PT" + std::to_string(std::max<int64_t>(0, count)) + "S";
}

void print_times(Printer& p, const json::object& record) {
  p.put("StartTime", text_at(record, "started"));
  p.put("EndTime", text_at(record, "ended"));
}

void print_compute(Printer& p, const json::object& record) {
  p.open("ComputeUsageBlock");
  p.put("CpuDuration", seconds(number_at(record, "cpu_seconds")));
  p.put("WallDuration", seconds(number_at(record, "seconds")));
  print_times(p, record);
  p.put("Processors", std::to_string(number_at(record, "cores")));
  if (const std::string currency = text_at(record, "currency"); !currency.empty())
    p.put("Charge", text_at(record, "cost"), " unit=\"" + xml(currency) + "\"");
  if (const std::string kind = text_at(record, "accelerator"); !kind.empty()) {
    p.line("<hetao:Accelerators kind=\"" + xml(kind) + "\" duration=\"" +
           seconds(number_at(record, "accelerator_seconds")) + "\">" +
           std::to_string(number_at(record, "accelerators")) + "</hetao:Accelerators>");
  }
  p.close("ComputeUsageBlock");
}

// Of a job whose memory was metered over time, the mean is what it had.
void print_memory(Printer& p, const json::object& record) {
  const int64_t time = number_at(record, "seconds");
  const int64_t bytes = time > 0 ? number_at(record, "ram_byte_seconds") / time : 0;
  if (bytes == 0) return;
  p.open("MemoryUsageBlock");
  p.put("MemoryClass", "RAM");
  p.put("MemoryResourceCapacityUsed", std::to_string(bytes));
  p.put("MemoryResourceCapacityAllocated", std::to_string(bytes));
  print_times(p, record);
  p.close("MemoryUsageBlock");
}

// Bytes that crossed between the regions.
void print_network(Printer& p, const json::object& record) {
  if (number_at(record, "bytes_in") == 0 && number_at(record, "bytes_out") == 0) return;
  p.open("NetworkUsageBlock");
  p.put("NetworkClass", "crossing");
  p.put("NetworkInboundUsed", std::to_string(number_at(record, "bytes_in")));
  p.put("NetworkOutboundUsed", std::to_string(number_at(record, "bytes_out")));
  print_times(p, record);
  p.close("NetworkUsageBlock");
}

void print_record(Printer& p, const json::object& record, const std::string& created) {
  const std::string job = text_at(record, "job");
  p.open("UsageRecord");
  p.open("RecordIdentityBlock");
  p.put("RecordId",
        "urn:hetao:usage:" + text_at(record, "region") + ":" + job + "." + text_at(record, "attempt"));
  p.put("CreateTime", created);
  p.put("Site", text_at(record, "region"));
  p.put("Infrastructure", "Hetao");
  p.close("RecordIdentityBlock");
  p.open("SubjectIdentityBlock");
  p.put("GlobalUserId", text_at(record, "user"));
  p.put("GlobalGroupId", text_at(record, "tenant"));
  p.put("GlobalGroupAttribute", text_at(record, "project"), " type=\"project\"");
  p.close("SubjectIdentityBlock");
  print_compute(p, record);
  p.open("JobUsageBlock");
  p.put("GlobalJobId", job);
  p.put("LocalJobId", text_at(record, "platform_id"));
  p.put("MachineName", text_at(record, "region") + "/" + text_at(record, "platform"));
  p.put("SubmitHost", text_at(record, "home"));
  p.put("Status", text_at(record, "state"));
  p.line("<hetao:Attempt>" + xml(text_at(record, "attempt")) + "</hetao:Attempt>");
  p.line("<hetao:MeasuredBy>" + xml(text_at(record, "source")) + "</hetao:MeasuredBy>");
  p.close("JobUsageBlock");
  print_memory(p, record);
  print_network(p, record);
  p.close("UsageRecord");
}

}  // namespace

std::string usage_records_xml(const json::array& records, const std::string& created) {
  Printer p;
  p.line(R"(<?xml version="1.0" encoding="UTF-8"?>)");
  p.open("UsageRecords", R"( xmlns="http://schema.ogf.org/urf/2013/04/urf" xmlns:hetao="urn:hetao:usage:1")");
  for (const json::value& record : records) {
    if (record.is_object()) print_record(p, record.get_object(), created);
  }
  p.close("UsageRecords");
  return std::move(p).take();
}

}  // namespace hetao::cli
