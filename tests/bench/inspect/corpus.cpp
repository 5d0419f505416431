#include "corpus.h"

#include <array>
#include <random>

#include "gateway/base/bytes.h"

namespace hetao::bench {

namespace {

using Random = std::mt19937_64;

std::string digits(Random& random, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += static_cast<char>('0' + random() % 10);
  return out;
}

std::string padded(uint64_t value, size_t width) {
  std::string text = std::to_string(value);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

std::string resident(Random& random) {
  static constexpr std::array<const char*, 6> kRegions = {"440304", "110105", "310101",
                                                          "440106", "510104", "330106"};
  static constexpr std::array<unsigned, 17> kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  std::string id = kRegions[random() % kRegions.size()];
  id += padded(1940 + random() % 75, 4) + padded(1 + random() % 12, 2) + padded(1 + random() % 28, 2) +
        digits(random, 3);
  unsigned sum = 0;
  for (size_t i = 0; i < 17; ++i) sum += static_cast<unsigned>(id[i] - '0') * kWeights[i];
  return id + "10X98765432"[sum % 11];
}

std::string hkid(Random& random) {
  const char letter = static_cast<char>('A' + random() % 26);
  const std::string six = digits(random, 6);
  unsigned sum = 36 * 9 + static_cast<unsigned>(letter - 'A' + 10) * 8;
  for (unsigned i = 0; i < 6; ++i) sum += static_cast<unsigned>(six[i] - '0') * (7 - i);
  const unsigned check = (11 - sum % 11) % 11;
  return std::string(1, letter) + six + "(" + (check == 10 ? "A" : std::to_string(check)) + ")";
}

std::string card(Random& random) {
  std::string number = "62" + digits(random, 13);
  unsigned sum = 0;
  for (size_t i = 0; i < number.size(); ++i) {
    unsigned d = static_cast<unsigned>(number[number.size() - 1 - i] - '0');
    if (i % 2 == 0) d = d * 2 > 9 ? d * 2 - 9 : d * 2;
    sum += d;
  }
  return number + std::to_string((10 - sum % 10) % 10);
}

std::string mobile(Random& random) {
  static constexpr std::array<const char*, 5> kPrefixes = {"138", "139", "150", "186", "177"};
  return kPrefixes[random() % kPrefixes.size()] + digits(random, 8);
}

std::string hk_phone(Random& random) {
  return "+852 " + std::to_string(2 + random() % 8) + digits(random, 3) + " " + digits(random, 4);
}

std::string mail(Random& random) {
  return "user" + std::to_string(random() % 1000) + "@mail" + std::to_string(random() % 50) + ".example.com";
}

struct Planter {
  const char* kind;
  std::string (*make)(Random&);
  const char* english;
  const char* chinese;
};
constexpr std::array<Planter, 6> kPlanters = {
    Planter{"cn_resident_id", resident, "identity card ", "身份证号"},
    Planter{"hkid", hkid, "HKID ", "香港身份證號碼"},
    Planter{"unionpay_pan", card, "card ", "银行卡号"},
    Planter{"cn_mobile", mobile, "mobile ", "手机"},
    Planter{"hk_phone", hk_phone, "phone ", "電話"},
    Planter{"email", mail, "mail ", "邮箱"}};

constexpr const char* kWords[] = {
    "the",     "model",    "of",      "results",  "was",        "trained", "on",     "data",
    "from",    "hospital", "and",     "we",       "report",     "mean",    "error",  "for",
    "each",    "fold",     "with",    "a",        "learning",   "rate",    "that",   "decays",
    "network", "layer",    "samples", "patients", "remain",     "in",      "city",   "roads",
    "signs",   "weather",  "is",      "measured", "by",         "region",  "before", "transfer",
    "gateway", "policy",   "this",    "table",    "regression", "epoch",   "step",   "loss"};
constexpr const char* kChars[] = {"数", "据", "模", "型", "训", "练", "结", "果", "的", "在", "医", "院",
                                  "深", "圳", "香", "港", "跨", "境", "计", "算", "平", "台", "研", "究",
                                  "学", "生", "道", "路", "气", "象", "平", "均", "误", "差", "准", "确",
                                  "率", "方", "法", "提", "高", "了", "我", "们", "对", "每", "个", "区"};

// Running text: now and then a number that is nothing, rarely an identifier.
void prose(Part& part, Random& random, size_t bytes, bool chinese) {
  while (part.text.size() < bytes) {
    const uint64_t die = random() % 4'000;
    if (die < 6) {
      const Planter& planter = kPlanters[random() % kPlanters.size()];
      part.text += chinese ? planter.chinese : planter.english;
      part.text += planter.make(random);
      part.text += chinese ? "，" : ", ";
      ++part.planted[planter.kind];
    } else if (die < 60) {
      part.text += std::to_string(random() % 100'000);
      part.text += chinese ? "个" : " ";
    } else if (die < 100) {
      part.text += "0." + digits(random, 4) + (chinese ? "，" : " ");
    } else if (die < 300) {
      part.text += chinese ? "。\n" : ".\n";
    } else {
      part.text += chinese ? kChars[random() % std::size(kChars)] : kWords[random() % std::size(kWords)];
      if (!chinese) part.text += ' ';
    }
  }
}

// Rows of numbers that look like identifiers and are none, beside columns of true ones that are mostly empty.
void table(Part& part, Random& random, size_t bytes) {
  part.text = "row,order_no,sample_id,serial,batch,value,id_card,hkid,card,mobile\n";
  uint64_t row = 0;
  while (part.text.size() < bytes) {
    part.text += std::to_string(++row) + "," + std::to_string(1 + random() % 9) + digits(random, 17) + ",S" +
                 digits(random, 7) + "," + std::to_string(1 + random() % 9) + digits(random, 10) + "," +
                 std::to_string(6200 + random() % 100) + digits(random, 12) + ",0." + digits(random, 6) + ",";
    for (size_t i = 0; i < 4; ++i) {
      if (random() % 500 == 0) {
        part.text += kPlanters[i].make(random);
        ++part.planted[kPlanters[i].kind];
      }
      if (i < 3) part.text += ',';
    }
    part.text += '\n';
  }
}

std::string noise(Random& random, size_t bytes) {
  std::string out;
  out.reserve(bytes + 8);
  while (out.size() < bytes) {
    uint64_t word = random();
    for (int i = 0; i < 8; ++i, word >>= 8U) out += static_cast<char>(word);
  }
  return out;
}

void base64(Part& part, Random& random, size_t bytes) {
  while (part.text.size() < bytes) {
    const std::string encoded = to_base64(as_bytes(noise(random, 48 * 1'024)));
    for (size_t at = 0; at < encoded.size(); at += 76) part.text += encoded.substr(at, 76) + "\n";
  }
}

}  // namespace

std::vector<Part> make_corpus(size_t bytes_a_part, uint64_t seed) {
  Random random(seed);
  std::vector<Part> parts(5);
  parts[0].name = "english";
  prose(parts[0], random, bytes_a_part, false);
  parts[1].name = "chinese";
  prose(parts[1], random, bytes_a_part, true);
  parts[2].name = "csv";
  table(parts[2], random, bytes_a_part);
  parts[3].name = "random";
  parts[3].text = noise(random, bytes_a_part);
  parts[4].name = "base64";
  base64(parts[4], random, bytes_a_part);
  return parts;
}

}  // namespace hetao::bench
