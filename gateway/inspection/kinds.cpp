#include "gateway/inspection/kinds.h"

namespace hetao::inspection {

namespace {

using C = Category;

constexpr std::array<KindFacts, kKinds> kFacts = {{
    {"cn_resident_id", C::kPerson, kWordsResident, false, 2, 91},
    {"cn_resident_id_15", C::kPerson, kWordsResident, true, 0, 0},
    {"cn_hmt_residence_permit", C::kPerson, kWordsResident, false, 2, 91},
    {"cn_foreign_pr_id", C::kPerson, kWordsResident, false, 2, 91},
    {"cn_xueji_hao", C::kPerson, kWordsResident, false, 2, 91},
    {"hkid", C::kPerson, kWordsHkid, false, 1, 91},
    {"hk_home_return_permit", C::kPerson, kWordsHomeReturn, true, 0, 0},
    {"cn_eep_hk_macao", C::kPerson, kWordsEep, true, 0, 0},
    {"cn_taiwan_permits", C::kPerson, kWordsTaiwan, true, 0, 0},
    {"mo_bir", C::kPerson, kWordsMacao, true, 0, 0},
    {"cn_passport", C::kPerson, kWordsPassport, true, 0, 0},
    {"hk_passport", C::kPerson, kWordsPassport, true, 0, 0},
    {"mrz_td3", C::kPerson, kNoWords, false, 2, 0},
    {"cn_uscc", C::kOrganisation, kNoWords, false, 2, 32},
    {"hk_brn", C::kOrganisation, kWordsBrn, true, 0, 0},
    {"unionpay_pan", C::kFinancial, kWordsCard, false, 1, 100},
    {"intl_pan", C::kFinancial, kWordsCard, false, 1, 100},
    {"iban", C::kFinancial, kWordsAccount, false, 2, 10},
    {"hk_bank_account", C::kFinancial, kWordsAccount, true, 0, 0},
    {"email", C::kContact, kNoWords, false, 2, 0},
    {"cn_mobile", C::kContact, kWordsPhone | kWordsCall, false, 0, 65},
    {"cn_landline", C::kContact, kWordsPhone | kWordsCall, false, 0, 0},
    {"hk_phone", C::kContact, kWordsPhone | kWordsCall, true, 0, 0},
    {"mo_phone", C::kContact, kWordsPhone | kWordsCall, false, 1, 0},
    {"cn_plate", C::kVehicle, kWordsPlate, false, 1, 0},
    {"hk_plate", C::kVehicle, kWordsPlate, true, 0, 0},
    {"vin", C::kVehicle, kWordsPlate, false, 1, 91},
    {"imei", C::kDevice, kWordsImei, true, 1, 100},
    {"imsi_cn", C::kDevice, kWordsImsi, true, 0, 0},
    {"mac_address", C::kDevice, kNoWords, false, 1, 0},
    {"geo_point_cn", C::kPlace, kWordsPlace, false, 0, 250},
    {"cn_military_id", C::kPerson, kNoWords, false, 2, 0},
    {"cn_secret_marking", C::kMarking, kNoWords, false, 2, 0},
    {"private_key_pem", C::kSecret, kNoWords, false, 2, 0},
    {"vcf_text", C::kGenomic, kNoWords, false, 2, 0},
    {"bcf", C::kGenomic, kNoWords, false, 2, 0},
    {"bam", C::kGenomic, kNoWords, false, 2, 0},
    {"bam_repacked", C::kGenomic, kNoWords, false, 2, 0},
    {"cram", C::kGenomic, kNoWords, false, 2, 0},
    {"sam_text", C::kGenomic, kNoWords, false, 2, 0},
    {"fastq", C::kGenomic, kNoWords, false, 2, 0},
    {"fasta_nt", C::kGenomic, kNoWords, false, 1, 0},
    {"plink_bed", C::kGenomic, kNoWords, false, 1, 0},
    {"bgen", C::kGenomic, kNoWords, false, 2, 0},
    {"dtc_genotype", C::kGenomic, kNoWords, false, 2, 0},
    {"dicom_file", C::kHealth, kNoWords, false, 2, 0},
    {"dicom_patient_tags", C::kHealth, kNoWords, false, 2, 0},
    {"nifti1", C::kHealth, kNoWords, false, 2, 0},
    {"nifti2", C::kHealth, kNoWords, false, 2, 0},
    {"hl7v2_pid", C::kHealth, kNoWords, false, 2, 0},
    {"fhir_patient", C::kHealth, kNoWords, false, 2, 0},
    {"pickle_executable", C::kExecutable, kNoWords, false, 2, 0},
    {"custom", C::kCustom, kNoWords, false, 1, 0},
}};

}  // namespace

const KindFacts& facts_of(Kind kind) {
  return kFacts[static_cast<size_t>(kind)];
}

std::optional<Kind> kind_named(std::string_view name) {
  for (size_t i = 0; i < kKinds; ++i) {
    if (kFacts[i].name == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

const char* to_word(Category category) {
  static constexpr std::array<const char*, 13> kWords = {
      "person",  "contact", "financial", "organisation", "vehicle",    "device", "place",
      "marking", "secret",  "genomic",   "health",       "executable", "custom"};
  return kWords[static_cast<size_t>(category)];
}

}  // namespace hetao::inspection
