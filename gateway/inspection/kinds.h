// What inspection can find, as a table: names (those of the reference catalogue of identifiers), what sort of
// thing each is, which words near it speak for it. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hetao::inspection {

enum class Kind : uint8_t {
  kCnResidentId,
  kCnResidentId15,
  kCnHmtResidencePermit,
  kCnForeignPrId,
  kCnXuejiHao,
  kHkid,
  kHkHomeReturnPermit,
  kCnEepHkMacao,
  kCnTaiwanPermits,
  kMoBir,
  kCnPassport,
  kHkPassport,
  kMrzTd3,
  kCnUscc,
  kHkBrn,
  kUnionpayPan,
  kIntlPan,
  kIban,
  kHkBankAccount,
  kEmail,
  kCnMobile,
  kCnLandline,
  kHkPhone,
  kMoPhone,
  kCnPlate,
  kHkPlate,
  kVin,
  kImei,
  kImsiCn,
  kMacAddress,
  kGeoPointCn,
  kCnMilitaryId,
  kCnSecretMarking,
  kPrivateKeyPem,
  kVcfText,
  kBcf,
  kBam,
  kBamRepacked,
  kCram,
  kSamText,
  kFastq,
  kFastaNt,
  kPlinkBed,
  kBgen,
  kDtcGenotype,
  kDicomFile,
  kDicomPatientTags,
  kNifti1,
  kNifti2,
  kHl7v2Pid,
  kFhirPatient,
  kPickleExecutable,
  kCustom,  // a customer's pattern; its name stands in the finding
};
inline constexpr size_t kKinds = static_cast<size_t>(Kind::kCustom) + 1;

enum class Category : uint8_t {
  kPerson,
  kContact,
  kFinancial,
  kOrganisation,
  kVehicle,
  kDevice,
  kPlace,
  kMarking,
  kSecret,
  kGenomic,
  kHealth,
  kExecutable,
  kCustom,
};

// Groups of words that speak for a kind. A bit each.
enum ContextGroup : uint32_t {
  kNoWords = 0,
  kWordsResident = 1U << 0U,
  kWordsHkid = 1U << 1U,
  kWordsHomeReturn = 1U << 2U,
  kWordsEep = 1U << 3U,
  kWordsTaiwan = 1U << 4U,
  kWordsMacao = 1U << 5U,
  kWordsPassport = 1U << 6U,
  kWordsBrn = 1U << 7U,
  kWordsAccount = 1U << 8U,
  kWordsCard = 1U << 9U,
  kWordsPhone = 1U << 10U,
  kWordsPlate = 1U << 11U,
  kWordsImei = 1U << 12U,
  kWordsImsi = 1U << 13U,
  kWordsPlace = 1U << 14U,
  kWordsCall = 1U << 15U,  // of phones, but of much else too: right before a number alone
};

struct KindFacts {
  std::string_view name;
  Category category = Category::kPerson;
  uint32_t words = kNoWords;
  // Without such a word near it, it is nothing: the form alone says too little.
  bool needs_words = false;
  // How sure its form and check digit alone make, 0 low to 2 high.
  uint8_t sure = 1;
  // What share of random numbers of its form pass its check, in thousandths; 0: the form has no check that
  // could tell a column of identifiers from one of other numbers.
  uint16_t chance = 0;
};

const KindFacts& facts_of(Kind kind);
std::optional<Kind> kind_named(std::string_view name);
const char* to_word(Category category);

}  // namespace hetao::inspection
