#include "gateway/inspection/scan/context.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "gateway/inspection/kinds.h"

namespace hetao::inspection {

namespace {

struct Word {
  std::string_view bytes;
  uint32_t groups;
};

constexpr auto kWords = std::to_array<Word>({
    {"resident id", kWordsResident},
    {"id number", kWordsResident | kWordsHkid},
    {"id no", kWordsResident | kWordsHkid},
    {"id card", kWordsResident | kWordsHkid},
    {"identity card", kWordsResident | kWordsHkid},
    {"identity number", kWordsResident},
    {"citizen id", kWordsResident},
    {"id_no", kWordsResident},
    {"id_card", kWordsResident},
    {"idcard", kWordsResident},
    {"id_number", kWordsResident},
    {"idno", kWordsResident | kWordsHkid},
    {"idnumber", kWordsResident | kWordsHkid},
    {"\xe8\xba\xab\xe4\xbb\xbd\xe8\xaf\x81", kWordsResident | kWordsHkid},  // 身份证
    {"\xc9\xed\xb7\xdd\xd6\xa4", kWordsResident | kWordsHkid},
    {"\xe8\xba\xab\xe4\xbb\xbd\xe8\xad\x89", kWordsResident | kWordsHkid},  // 身份證
    {"\xc9\xed\xb7\xdd\xd7\x43", kWordsResident | kWordsHkid},
    {"\xa8\xad\xa5\xf7\xc3\xd2", kWordsResident | kWordsHkid},
    {"\xe5\x85\xac\xe6\xb0\x91\xe8\xba\xab\xe4\xbb\xbd", kWordsResident},  // 公民身份
    {"\xa4\xbd\xa5\xc1\xa8\xad\xa5\xf7", kWordsResident},
    {"\xb9\xab\xc3\xf1\xc9\xed\xb7\xdd", kWordsResident},
    {"\xe5\xb1\x85\xe4\xbd\x8f\xe8\xaf\x81", kWordsResident},  // 居住证
    {"\xbe\xd3\xd7\xa1\xd6\xa4", kWordsResident},
    {"\xe8\xaf\x81\xe4\xbb\xb6\xe5\x8f\xb7", kWordsResident},  // 证件号
    {"\xd6\xa4\xbc\xfe\xba\xc5", kWordsResident},
    {"\xe8\xad\x89\xe4\xbb\xb6\xe8\x99\x9f", kWordsResident},  // 證件號
    {"\xc3\xd2\xa5\xf3\xb8\xb9", kWordsResident},
    {"\xd7\x43\xbc\xfe\xcc\x96", kWordsResident},
    {"hkid", kWordsHkid},
    {"hong kong id", kWordsHkid},
    {"identity no", kWordsHkid},
    {"\xe9\xa6\x99\xe6\xb8\xaf\xe8\xba\xab\xe4\xbb\xbd", kWordsHkid},  // 香港身份
    {"\xad\xbb\xb4\xe4\xa8\xad\xa5\xf7", kWordsHkid},
    {"\xcf\xe3\xb8\xdb\xc9\xed\xb7\xdd", kWordsHkid},
    {"home return", kWordsHomeReturn},
    {"homereturn", kWordsHomeReturn},
    {"hrp", kWordsHomeReturn},
    {"mainland travel permit", kWordsHomeReturn},
    {"home_return", kWordsHomeReturn},
    {"\xe5\x9b\x9e\xe4\xb9\xa1\xe8\xaf\x81", kWordsHomeReturn},  // 回乡证
    {"\xbb\xd8\xcf\xe7\xd6\xa4", kWordsHomeReturn},
    {"\xe5\x9b\x9e\xe9\x84\x89\xe8\xad\x89", kWordsHomeReturn},  // 回鄉證
    {"\xbb\xd8\xe0\x6c\xd7\x43", kWordsHomeReturn},
    {"\xa6\x5e\xb6\x6d\xc3\xd2", kWordsHomeReturn},
    {"\xe6\x9d\xa5\xe5\xbe\x80\xe5\x86\x85\xe5\x9c\xb0\xe9\x80\x9a\xe8\xa1\x8c\xe8\xaf\x81",
     kWordsHomeReturn},  // 来往内地通行证
    {"\xc0\xb4\xcd\xf9\xc4\xda\xb5\xd8\xcd\xa8\xd0\xd0\xd6\xa4", kWordsHomeReturn},
    {"\xe4\xbe\x86\xe5\xbe\x80\xe5\x85\xa7\xe5\x9c\xb0\xe9\x80\x9a\xe8\xa1\x8c\xe8\xad\x89",
     kWordsHomeReturn},  // 來往內地通行證
    {"\x81\xed\xcd\xf9\x83\xc8\xb5\xd8\xcd\xa8\xd0\xd0\xd7\x43", kWordsHomeReturn},
    {"\xa8\xd3\xa9\xb9\xa4\xba\xa6\x61\xb3\x71\xa6\xe6\xc3\xd2", kWordsHomeReturn},
    {"exit-entry permit", kWordsEep},
    {"exit entry permit", kWordsEep},
    {"exit_entry", kWordsEep},
    {"eep", kWordsEep},
    {"\xe6\xb8\xaf\xe6\xbe\xb3\xe9\x80\x9a\xe8\xa1\x8c\xe8\xaf\x81", kWordsEep},  // 港澳通行证
    {"\xb8\xdb\xb0\xc4\xcd\xa8\xd0\xd0\xd6\xa4", kWordsEep},
    {"\xe6\xb8\xaf\xe6\xbe\xb3\xe9\x80\x9a\xe8\xa1\x8c\xe8\xad\x89", kWordsEep},  // 港澳通行證
    {"\xb4\xe4\xbf\x44\xb3\x71\xa6\xe6\xc3\xd2", kWordsEep},
    {"\xb8\xdb\xb0\xc4\xcd\xa8\xd0\xd0\xd7\x43", kWordsEep},
    {"\xe5\x8f\xb0\xe8\x83\x9e\xe8\xaf\x81", kWordsTaiwan},  // 台胞证
    {"\xcc\xa8\xb0\xfb\xd6\xa4", kWordsTaiwan},
    {"\xe5\x8f\xb0\xe8\x83\x9e\xe8\xad\x89", kWordsTaiwan},  // 台胞證
    {"\xa5\x78\xad\x4d\xc3\xd2", kWordsTaiwan},
    {"\xcc\xa8\xb0\xfb\xd7\x43", kWordsTaiwan},
    {"\xe5\x8f\xb0\xe6\xb9\xbe\xe9\x80\x9a\xe8\xa1\x8c\xe8\xaf\x81", kWordsTaiwan},  // 台湾通行证
    {"\xcc\xa8\xcd\xe5\xcd\xa8\xd0\xd0\xd6\xa4", kWordsTaiwan},
    {"\xe5\x8f\xb0\xe7\x81\xa3\xe9\x80\x9a\xe8\xa1\x8c\xe8\xad\x89", kWordsTaiwan},  // 台灣通行證
    {"\xa5\x78\xc6\x57\xb3\x71\xa6\xe6\xc3\xd2", kWordsTaiwan},
    {"\xcc\xa8\x9e\xb3\xcd\xa8\xd0\xd0\xd7\x43", kWordsTaiwan},
    {"\xe8\x87\xba\xe8\x83\x9e\xe8\xad\x89", kWordsTaiwan},  // 臺胞證
    {"\xc5\x5f\xb0\xfb\xd7\x43", kWordsTaiwan},
    {"\xbb\x4f\xad\x4d\xc3\xd2", kWordsTaiwan},
    {"\xe8\x87\xba\xe7\x81\xa3\xe9\x80\x9a\xe8\xa1\x8c\xe8\xad\x89", kWordsTaiwan},  // 臺灣通行證
    {"\xbb\x4f\xc6\x57\xb3\x71\xa6\xe6\xc3\xd2", kWordsTaiwan},
    {"\xc5\x5f\x9e\xb3\xcd\xa8\xd0\xd0\xd7\x43", kWordsTaiwan},
    {"macao", kWordsMacao},
    {"macau", kWordsMacao},
    {"bir", kWordsMacao},
    {"\xe6\xbe\xb3\xe9\x96\x80", kWordsMacao},  // 澳門
    {"\xb0\xc4\xe9\x54", kWordsMacao},
    {"\xbf\x44\xaa\xf9", kWordsMacao},
    {"\xe6\xbe\xb3\xe9\x97\xa8", kWordsMacao},  // 澳门
    {"\xb0\xc4\xc3\xc5", kWordsMacao},
    {"passport", kWordsPassport},
    {"\xe6\x8a\xa4\xe7\x85\xa7", kWordsPassport},  // 护照
    {"\xbb\xa4\xd5\xd5", kWordsPassport},
    {"\xe8\xad\xb7\xe7\x85\xa7", kWordsPassport},  // 護照
    {"\xd7\x6f\xd5\xd5", kWordsPassport},
    {"\xc5\x40\xb7\xd3", kWordsPassport},
    {"business registration", kWordsBrn},
    {"brn", kWordsBrn},
    {"ubi", kWordsBrn},
    {"br no", kWordsBrn},
    {"\xe5\x95\x86\xe6\xa5\xad\xe7\x99\xbb\xe8\xa8\x98", kWordsBrn},  // 商業登記
    {"\xb0\xd3\xb7\x7e\xb5\x6e\xb0\x4f", kWordsBrn},
    {"\xc9\xcc\x98\x49\xb5\xc7\xd3\x9b", kWordsBrn},
    {"\xe5\x95\x86\xe4\xb8\x9a\xe7\x99\xbb\xe8\xae\xb0", kWordsBrn},  // 商业登记
    {"\xc9\xcc\xd2\xb5\xb5\xc7\xbc\xc7", kWordsBrn},
    {"account", kWordsAccount},
    {"a/c", kWordsAccount},
    {"acct", kWordsAccount},
    {"iban", kWordsAccount},
    {"bank", kWordsAccount},
    {"\xe6\x88\xb6\xe5\x8f\xa3", kWordsAccount},  // 戶口
    {"\x91\xf4\xbf\xda", kWordsAccount},
    {"\xa4\xe1\xa4\x66", kWordsAccount},
    {"\xe6\x88\xb7\xe5\x8f\xa3", kWordsAccount},  // 户口
    {"\xbb\xa7\xbf\xda", kWordsAccount},
    {"\xe8\xb3\xac\xe8\x99\x9f", kWordsAccount},  // 賬號
    {"\xbd\xe3\xb8\xb9", kWordsAccount},
    {"\xd9\x7e\xcc\x96", kWordsAccount},
    {"\xe8\xb4\xa6\xe5\x8f\xb7", kWordsAccount},  // 账号
    {"\xd5\xcb\xba\xc5", kWordsAccount},
    {"\xe8\xb3\xac\xe6\x88\xb6", kWordsAccount},  // 賬戶
    {"\xd9\x7e\x91\xf4", kWordsAccount},
    {"\xbd\xe3\xa4\xe1", kWordsAccount},
    {"\xe8\xb4\xa6\xe6\x88\xb7", kWordsAccount},  // 账户
    {"\xd5\xcb\xbb\xa7", kWordsAccount},
    {"\xe5\xb8\xb3\xe8\x99\x9f", kWordsAccount},  // 帳號
    {"\x8e\xa4\xcc\x96", kWordsAccount},
    {"\xb1\x62\xb8\xb9", kWordsAccount},
    {"\xe5\xb8\xb3\xe6\x88\xb6", kWordsAccount},  // 帳戶
    {"\x8e\xa4\x91\xf4", kWordsAccount},
    {"\xb1\x62\xa4\xe1", kWordsAccount},
    {"\xe9\x93\xb6\xe8\xa1\x8c", kWordsAccount},  // 银行
    {"\xd2\xf8\xd0\xd0", kWordsAccount},
    {"\xe9\x8a\x80\xe8\xa1\x8c", kWordsAccount},  // 銀行
    {"\xbb\xc8\xa6\xe6", kWordsAccount},
    {"\xe3\x79\xd0\xd0", kWordsAccount},
    {"card", kWordsCard},
    {"pan", kWordsCard},
    {"visa", kWordsCard},
    {"mastercard", kWordsCard},
    {"unionpay", kWordsCard},
    {"credit", kWordsCard},
    {"debit", kWordsCard},
    {"\xe9\x93\xb6\xe8\xa1\x8c\xe5\x8d\xa1", kWordsCard},  // 银行卡
    {"\xd2\xf8\xd0\xd0\xbf\xa8", kWordsCard},
    {"\xe9\x8a\x80\xe8\xa1\x8c\xe5\x8d\xa1", kWordsCard},  // 銀行卡
    {"\xbb\xc8\xa6\xe6\xa5\x64", kWordsCard},
    {"\xe3\x79\xd0\xd0\xbf\xa8", kWordsCard},
    {"\xe4\xbf\xa1\xe7\x94\xa8\xe5\x8d\xa1", kWordsCard},  // 信用卡
    {"\xab\x48\xa5\xce\xa5\x64", kWordsCard},
    {"\xd0\xc5\xd3\xc3\xbf\xa8", kWordsCard},
    {"\xe5\x8d\xa1\xe5\x8f\xb7", kWordsCard},  // 卡号
    {"\xbf\xa8\xba\xc5", kWordsCard},
    {"\xe5\x8d\xa1\xe8\x99\x9f", kWordsCard},  // 卡號
    {"\xbf\xa8\xcc\x96", kWordsCard},
    {"\xa5\x64\xb8\xb9", kWordsCard},
    {"\xe9\x93\xb6\xe8\x81\x94", kWordsCard},  // 银联
    {"\xd2\xf8\xc1\xaa", kWordsCard},
    {"\xe9\x8a\x80\xe8\x81\xaf", kWordsCard},  // 銀聯
    {"\xbb\xc8\xc1\x70", kWordsCard},
    {"\xe3\x79\xc2\x93", kWordsCard},
    {"phone", kWordsPhone},
    {"tel", kWordsPhone},
    {"telephone", kWordsPhone},
    {"mobile", kWordsPhone},
    {"whatsapp", kWordsPhone},
    {"cell", kWordsCall},
    {"fax", kWordsPhone},
    {"hotline", kWordsPhone},
    {"contact", kWordsCall},
    {"call", kWordsCall},
    {"\xe9\x9b\xbb\xe8\xa9\xb1", kWordsPhone},  // 電話
    {"\xeb\x8a\xd4\x92", kWordsPhone},
    {"\xb9\x71\xb8\xdc", kWordsPhone},
    {"\xe7\x94\xb5\xe8\xaf\x9d", kWordsPhone},  // 电话
    {"\xb5\xe7\xbb\xb0", kWordsPhone},
    {"\xe6\x89\x8b\xe6\xa9\x9f", kWordsPhone},  // 手機
    {"\xa4\xe2\xbe\xf7", kWordsPhone},
    {"\xca\xd6\x99\x43", kWordsPhone},
    {"\xe6\x89\x8b\xe6\x9c\xba", kWordsPhone},  // 手机
    {"\xa4\xe2\xc9\xf3", kWordsPhone},
    {"\xca\xd6\xbb\xfa", kWordsPhone},
    {"\xe8\x81\xaf\xe7\xb5\xa1", kWordsPhone},  // 聯絡
    {"\xc1\x70\xb5\xb8", kWordsPhone},
    {"\xc2\x93\xbd\x6a", kWordsPhone},
    {"\xe8\x81\x94\xe7\xb3\xbb", kWordsPhone},  // 联系
    {"\xc1\xaa\xcf\xb5", kWordsPhone},
    {"\xe7\x86\xb1\xe7\xb7\x9a", kWordsPhone},  // 熱線
    {"\x9f\xe1\xbe\x80", kWordsPhone},
    {"\xbc\xf6\xbd\x75", kWordsPhone},
    {"\xe7\x83\xad\xe7\xba\xbf", kWordsPhone},  // 热线
    {"\xc8\xc8\xcf\xdf", kWordsPhone},
    {"\xe8\x87\xb4\xe9\x9b\xbb", kWordsPhone},  // 致電
    {"\xad\x50\xb9\x71", kWordsPhone},
    {"\xd6\xc2\xeb\x8a", kWordsPhone},
    {"\xe8\x87\xb4\xe7\x94\xb5", kWordsPhone},  // 致电
    {"\xd6\xc2\xb5\xe7", kWordsPhone},
    {"registration mark", kWordsPlate},
    {"licence plate", kWordsPlate},
    {"license plate", kWordsPlate},
    {"vehicle", kWordsPlate},
    {"plate no", kWordsPlate},
    {"plate", kWordsPlate},
    {"vin", kWordsPlate},
    {"chassis", kWordsPlate},
    {"\xe8\xbb\x8a\xe7\x89\x8c", kWordsPlate},  // 車牌
    {"\xa8\xae\xb5\x50", kWordsPlate},
    {"\xdc\x87\xc5\xc6", kWordsPlate},
    {"\xe8\xbd\xa6\xe7\x89\x8c", kWordsPlate},  // 车牌
    {"\xb3\xb5\xc5\xc6", kWordsPlate},
    {"\xe8\xbb\x8a\xe8\xbc\x9b", kWordsPlate},  // 車輛
    {"\xa8\xae\xbd\xf8", kWordsPlate},
    {"\xdc\x87\xdd\x76", kWordsPlate},
    {"\xe8\xbd\xa6\xe8\xbe\x86", kWordsPlate},  // 车辆
    {"\xb3\xb5\xc1\xbe", kWordsPlate},
    {"\xe8\xbd\xa6\xe6\x9e\xb6", kWordsPlate},  // 车架
    {"\xb3\xb5\xbc\xdc", kWordsPlate},
    {"\xe8\xbb\x8a\xe6\x9e\xb6", kWordsPlate},  // 車架
    {"\xdc\x87\xbc\xdc", kWordsPlate},
    {"\xa8\xae\xac\x5b", kWordsPlate},
    {"imei", kWordsImei},
    {"\xe8\xae\xbe\xe5\xa4\x87\xe8\xaf\x86\xe5\x88\xab", kWordsImei},  // 设备识别
    {"\xc9\xe8\xb1\xb8\xca\xb6\xb1\xf0", kWordsImei},
    {"\xe8\xa8\xad\xe5\x82\x99\xe8\xad\x98\xe5\x88\xa5", kWordsImei},  // 設備識別
    {"\xb3\x5d\xb3\xc6\xc3\xd1\xa7\x4f", kWordsImei},
    {"\xd4\x4f\x82\xe4\xd7\x52\x84\x65", kWordsImei},
    {"imsi", kWordsImsi},
    {"\xe7\x94\xa8\xe6\x88\xb7\xe8\xaf\x86\xe5\x88\xab\xe7\xa0\x81", kWordsImsi},  // 用户识别码
    {"\xd3\xc3\xbb\xa7\xca\xb6\xb1\xf0\xc2\xeb", kWordsImsi},
    {"latitude", kWordsPlace},
    {"longitude", kWordsPlace},
    {"lat", kWordsPlace},
    {"lon", kWordsPlace},
    {"lng", kWordsPlace},
    {"gps", kWordsPlace},
    {"coord", kWordsPlace},
    {"location", kWordsPlace},
    {"position", kWordsPlace},
    {"wgs84", kWordsPlace},
    {"gcj02", kWordsPlace},
    {"\xe7\xbb\x8f\xe5\xba\xa6", kWordsPlace},  // 经度
    {"\xbe\xad\xb6\xc8", kWordsPlace},
    {"\xe7\xba\xac\xe5\xba\xa6", kWordsPlace},  // 纬度
    {"\xce\xb3\xb6\xc8", kWordsPlace},
    {"\xe7\xb6\x93\xe5\xba\xa6", kWordsPlace},  // 經度
    {"\xb8\x67\xab\xd7", kWordsPlace},
    {"\xbd\x9b\xb6\xc8", kWordsPlace},
    {"\xe7\xb7\xaf\xe5\xba\xa6", kWordsPlace},  // 緯度
    {"\xbd\x6e\xab\xd7", kWordsPlace},
    {"\xbe\x95\xb6\xc8", kWordsPlace},
    {"\xe5\x9d\x90\xe6\xa0\x87", kWordsPlace},  // 坐标
    {"\xd7\xf8\xb1\xea", kWordsPlace},
    {"\xe5\xba\xa7\xe6\xa8\x99", kWordsPlace},  // 座標
    {"\xae\x79\xbc\xd0", kWordsPlace},
    {"\xd7\xf9\x98\xcb", kWordsPlace},
    {"\xe4\xbd\x8d\xe7\xbd\xae", kWordsPlace},  // 位置
    {"\xce\xbb\xd6\xc3", kWordsPlace},
    {"\xa6\xec\xb8\x6d", kWordsPlace},
});

constexpr bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

constexpr size_t kWordBytesMin = 3;
static_assert(std::all_of(kWords.begin(), kWords.end(),
                          [](const Word& word) { return word.bytes.size() >= kWordBytesMin; }));
// What the scanner's rows say of places where words may begin (Stride::word) holds for all of them.
static_assert(std::all_of(kWords.begin(), kWords.end(), [](const Word& word) {
  const auto first = static_cast<uint8_t>(word.bytes[0]);
  return first >= 0x80 || (is_letter(word.bytes[0]) && (word.bytes[1] < '0' || word.bytes[1] > '9'));
}));

constexpr uint32_t byte_of(char c) {
  return static_cast<uint8_t>(c);
}

// Which two bytes a word can begin with (letters in either case), and now and then two others. A row for each
// second byte, a bit for each first one but for its top two bits: all of it stays in the fastest cache.
class BeginningPairs {
 public:
  constexpr BeginningPairs() = default;
  constexpr explicit BeginningPairs(uint32_t groups) {
    for (const Word& word : kWords) {
      if ((word.groups & groups) == 0) continue;
      for (const char a : {lower(word.bytes[0]), upper(word.bytes[0])}) {
        for (const char b : {lower(word.bytes[1]), upper(word.bytes[1])})
          firsts_[byte_of(b)] |= uint64_t{1} << (byte_of(a) & 63U);
      }
    }
  }
  // Whether a word may begin at one of these places.
  template <size_t Places>
  bool knows_some(const char* text) const {
    uint64_t joined = 0;
    for (size_t i = 0; i < Places; ++i) joined |= row_at(text[i], text[i + 1]);
    return (joined & 1U) != 0;
  }
  bool knows(const char* text) const { return (row_at(text[0], text[1]) & 1U) != 0; }

 private:
  // The pair's bit is the last one.
  uint64_t row_at(char a, char b) const { return firsts_[byte_of(b)] >> (byte_of(a) & 63U); }
  std::array<uint64_t, 256> firsts_{};
};
constexpr uint32_t kAllGroups = ~uint32_t{0};
constexpr BeginningPairs kPairs(kAllGroups);
// Of one group alone: so few that hardly another pair is taken for one of them.
constexpr size_t kGroups = 16;
static_assert(std::all_of(kWords.begin(), kWords.end(),
                          [](const Word& word) { return word.groups >> kGroups == 0; }));
constexpr std::array<BeginningPairs, kGroups> kPairsOfGroup = [] {
  std::array<BeginningPairs, kGroups> all;
  for (size_t i = 0; i < kGroups; ++i) all[i] = BeginningPairs(1U << i);
  return all;
}();

const BeginningPairs& pairs_of(uint32_t groups) {
  const bool one = groups != 0 && (groups & (groups - 1)) == 0;
  return one ? kPairsOfGroup[static_cast<size_t>(__builtin_ctz(groups))] : kPairs;
}

// The words by their first three bytes (letters in either case): as many lists as make most of them short.
class WordLists {
 public:
  struct Entry {
    // The first eight bytes: letters in either case; what stands from a blank on, and behind the word, may be
    // anything.
    uint64_t bytes = 0;
    uint64_t mask = 0;
    const Word* word = nullptr;
    size_t compared = 0;  // so many bytes of it
  };
  constexpr WordLists() {
    for (const Word& word : kWords) ++begin_[place_of(first_three(word)) + 1];
    for (size_t i = 1; i < begin_.size(); ++i) begin_[i] = static_cast<uint16_t>(begin_[i] + begin_[i - 1]);
    auto next = begin_;
    for (const Word& word : kWords) entries_[next[place_of(first_three(word))]++] = entry_of(word);
  }
  std::span<const Entry> beginning_with(uint64_t bytes) const {
    const size_t place = place_of(bytes);
    return std::span(entries_).subspan(begin_[place], static_cast<size_t>(begin_[place + 1] - begin_[place]));
  }

 private:
  static constexpr uint32_t kListBits = 10;
  static constexpr uint64_t first_three(const Word& word) {
    return byte_of(word.bytes[0]) | byte_of(word.bytes[1]) << 8U | byte_of(word.bytes[2]) << 16U;
  }
  // Of the first three.
  static constexpr size_t place_of(uint64_t bytes) {
    const uint32_t three = static_cast<uint32_t>(bytes) & 0xffffffU;
    return ((three | 0x202020U) * 0x9e3779b1U) >> (32U - kListBits);
  }
  static constexpr Entry entry_of(const Word& word) {
    const std::string_view all = word.bytes;
    Entry entry{0, 0, &word, std::min({all.size(), all.find(' ', kWordBytesMin), sizeof entry.bytes})};
    for (size_t i = 0; i < entry.compared; ++i) {
      entry.bytes |= uint64_t{byte_of(all[i])} << 8 * i;
      entry.mask |= uint64_t{is_letter(all[i]) ? 0xdfU : 0xffU} << 8 * i;
    }
    entry.bytes &= entry.mask;
    return entry;
  }
  std::array<uint16_t, (1U << kListBits) + 1> begin_{};
  std::array<Entry, kWords.size()> entries_{};
};
constexpr WordLists kLists;

// Words that others end with: "template", "allocation", "composition".
bool ends_others(std::string_view word) {
  static constexpr std::array<std::string_view, 4> kThese = {"plate", "location", "position", "contact"};
  return std::find(kThese.begin(), kThese.end(), word) != kThese.end();
}

// Short words need borders ("tel" is no part of "hotel"); camelCase has them too. Long ones stand anywhere.
bool bordered(std::string_view text, size_t at, std::string_view word) {
  const size_t size = word.size();
  if (size >= 5) {
    const bool inside = at > 0 && is_letter(text[at - 1]) && !(is_lower(text[at - 1]) && !is_lower(text[at]));
    return !inside || !ends_others(word);
  }
  if (at > 0 && is_letter(text[at - 1]) && !(is_lower(text[at - 1]) && !is_lower(text[at]))) return false;
  const size_t end = at + size;
  if (end < text.size() && text[end] == 's') return end + 1 >= text.size() || !is_letter(text[end + 1]);
  return end >= text.size() || !is_letter(text[end]) || (is_lower(text[end - 1]) && !is_lower(text[end]));
}

uint64_t eight_at(std::string_view text, size_t at) {
  uint64_t eight = 0;
  if (text.size() - at >= sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
  } else {
    std::memcpy(&eight, text.data() + at, text.size() - at);
  }
  return eight;
}

// The words that begin at `at`, of which kWordBytesMin bytes are there.
uint32_t words_at(std::string_view text, size_t at) {
  const uint64_t eight = eight_at(text, at);
  uint32_t groups = 0;
  for (const WordLists::Entry& entry : kLists.beginning_with(eight)) {
    if ((eight & entry.mask) != entry.bytes) continue;
    const std::string_view bytes = entry.word->bytes;
    if (at + bytes.size() > text.size()) continue;
    size_t i = entry.compared;
    // Halves of characters may be letters; names of columns join words by other signs than blanks.
    while (i < bytes.size() && (lower(text[at + i]) == lower(bytes[i]) ||
                                (bytes[i] == ' ' && (text[at + i] == '_' || text[at + i] == '-'))))
      ++i;
    if (i == bytes.size() && (!is_letter(text[at]) || bordered(text, at, bytes)))
      groups |= entry.word->groups;
  }
  return groups;
}

// Calls take(place, groups) for each word that begins in text[from, until), until it says that this is
// enough. `wanted`: of other groups, words may be left out.
template <class Take>
void each_word(std::string_view text, size_t from, size_t until, uint32_t wanted, Take take) {
  if (text.size() < kWordBytesMin) return;
  until = std::min(until, text.size() - kWordBytesMin + 1);
  const BeginningPairs& pairs = pairs_of(wanted);
  const auto enough = [&](size_t i) {
    if (!pairs.knows(text.data() + i)) return false;
    const uint32_t groups = words_at(text, i);
    return groups != 0 && take(i, groups);
  };
  // Some places at once: most of them are done with after one look.
  constexpr size_t kAtOnce = 8;
  size_t i = from;
  for (; i + kAtOnce <= until; i += kAtOnce) {
    if (!pairs.knows_some<kAtOnce>(text.data() + i)) continue;
    for (size_t j = i; j < i + kAtOnce; ++j) {
      if (enough(j)) return;
    }
  }
  for (; i < until; ++i) {
    if (enough(i)) return;
  }
}

}  // namespace

uint32_t words_in(std::string_view text, size_t from, size_t until) {
  uint32_t all = 0;
  each_word(text, from, until, kAllGroups, [&](size_t, uint32_t groups) {
    all |= groups;
    return false;
  });
  return all;
}

bool has_word(std::string_view text, size_t from, size_t until, uint32_t wanted) {
  bool found = false;
  each_word(text, from, until, wanted,
            [&](size_t, uint32_t groups) { return found = (groups & wanted) != 0; });
  return found;
}

uint32_t ContextFinder::near(size_t from, size_t until) {
  until = std::min(until, text_.size());
  if (from > done_until_ || from < done_from_) {
    found_.clear();
    done_from_ = done_until_ = from;
  }
  if (until > done_until_) {
    each_word(text_, done_until_, until, kAllGroups, [&](size_t at, uint32_t groups) {
      found_.push_back({at, groups});
      return false;
    });
    done_until_ = until;
  }
  uint32_t all = 0;
  for (size_t i = found_.size(); i > 0 && found_[i - 1].at >= from; --i) {
    if (found_[i - 1].at < until) all |= found_[i - 1].groups;
  }
  return all;
}

}  // namespace hetao::inspection
