// The table of built-in attributes: policy-language.md's, with titles in three languages.
#include <array>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "policy/schema.h"

namespace hetao::policy {

namespace {

struct Row {
  const char* name;
  Type type;
  const char* values;  // separated by blanks
  Change change;
  const char* group;
  Words title;
};

constexpr Change kNever = Change::kNever;
constexpr Change kFact = Change::kIfUnknown;
constexpr Change kFree = Change::kFreely;

constexpr const char* kPlaces =
    "Shenzhen Guangzhou Zhuhai Foshan Huizhou Dongguan Zhongshan Jiangmen Zhaoqing HongKong Macao Beijing "
    "Shanghai "
    "Hangzhou Singapore UnitedStates";

const std::array<Row, 58>& rows() {
  static const std::array<Row, 58> kRows = {{
      {"action", Type::kEnum, "cross place", kNever, "", {"action", "操作", "操作"}},
      {"crossing.from",
       Type::kJurisdiction,
       "CN HK MO SG US",
       kNever,
       "",
       {"sending jurisdiction", "发出法域", "發出法域"}},
      {"crossing.to",
       Type::kJurisdiction,
       "CN HK MO SG US",
       kNever,
       "",
       {"receiving jurisdiction", "接收法域", "接收法域"}},
      {"crossing.from_region",
       Type::kString,
       "shenzhen hongkong",
       kNever,
       "",
       {"sending region", "发出区域", "發出區域"}},
      {"crossing.to_region",
       Type::kString,
       "shenzhen hongkong",
       kNever,
       "",
       {"receiving region", "接收区域", "接收區域"}},
      {"exporter.registered_in",
       Type::kPlace,
       kPlaces,
       kFact,
       "",
       {"exporter's place of registration", "提供方注册地", "提供方註冊地"}},
      {"exporter.tenant", Type::kString, "", kNever, "", {"exporter", "提供方", "提供方"}},
      {"exporter.status",
       Type::kEnum,
       "ordinary ciio state-organ",
       kFact,
       "",
       {"exporter's status", "提供方身份", "提供方身份"}},
      {"recipient.registered_in",
       Type::kPlace,
       kPlaces,
       kFact,
       "",
       {"recipient's place of registration", "接收方注册地", "接收方註冊地"}},
      {"recipient.final_destination",
       Type::kPlace,
       kPlaces,
       kFact,
       "",
       {"final destination", "最终目的地", "最終目的地"}},
      {"recipient.outside_gba",
       Type::kBoolean,
       "",
       kFact,
       "",
       {"recipient or access outside the Greater Bay Area", "接收方或访问位于大湾区外",
        "接收方或存取位於大灣區外"}},
      {"recipient.listed",
       Type::kBoolean,
       "",
       kFact,
       "",
       {"recipient on a restricted list", "接收方在限制名单上", "接收方在限制名單上"}},
      {"recipient.white_listed",
       Type::kBoolean,
       "",
       kFact,
       "",
       {"both parties on the white list", "双方在白名单上", "雙方在白名單上"}},
      {"recipient.tenant", Type::kString, "", kNever, "", {"recipient", "接收方", "接收方"}},
      {"submitter.user", Type::kString, "", kNever, "", {"submitter", "提交人", "提交人"}},
      {"submitter.kind",
       Type::kEnum,
       "university enterprise sme government",
       kFact,
       "",
       {"kind of submitter", "提交方类型", "提交方類型"}},
      {"project", Type::kString, "", kNever, "", {"project", "项目", "項目"}},
      {"item.kind",
       Type::kEnum,
       "dataset code image model aggregate result logs remote-access",
       kFree,
       "result",
       {"kind of item", "项类型", "項類型"}},
      {"item.bytes", Type::kInteger, "", kFree, "", {"size in bytes", "字节数", "位元組數"}},
      {"purpose",
       Type::kEnum,
       "research teaching commercial hr-management contract-performance emergency statutory-duty "
       "foreign-judicial",
       kFact,
       "",
       {"purpose", "目的", "目的"}},
      {"data.grade",
       Type::kEnum,
       "public general important core state-secret",
       kFact,
       "",
       {"data grade", "数据级别", "數據級別"}},
      {"data.personal",
       Type::kEnum,
       "none anonymised ordinary sensitive",
       kFact,
       "",
       {"personal information", "个人信息", "個人資料"}},
      {"data.personal_kinds",
       Type::kSet,
       "health biometric genomic financial location minor-u14 religion specific-identity deidentified-health",
       kNever,
       "",
       {"kinds of personal information", "个人信息种类", "個人資料種類"}},
      {"data.collected_in",
       Type::kEnum,
       "mainland hongkong overseas-transit",
       kFact,
       "",
       {"place of collection", "收集地", "收集地"}},
      {"data.subjects_ordinary",
       Type::kInteger,
       "",
       kFact,
       "",
       {"persons with ordinary personal information", "普通个人信息人数", "一般個人資料人數"}},
      {"data.subjects_sensitive",
       Type::kInteger,
       "",
       kFact,
       "",
       {"persons with sensitive personal information", "敏感个人信息人数", "敏感個人資料人數"}},
      {"data.sectors",
       Type::kSet,
       "health genetic imaging population-health energy mapping mapping-undetermined auto auto-undetermined "
       "finance science materials public-duty prc-export-controlled us-bulk",
       kNever,
       "",
       {"sectors", "行业领域", "行業領域"}},
      {"data.tags", Type::kSet, "", kNever, "", {"tags", "标签", "標籤"}},
      {"subjects.year_ordinary",
       Type::kInteger,
       "",
       kFact,
       "",
       {"persons this calendar year, ordinary", "本年度普通个人信息累计人数", "本年度一般個人資料累計人數"}},
      {"subjects.year_sensitive",
       Type::kInteger,
       "",
       kFact,
       "",
       {"persons this calendar year, sensitive", "本年度敏感个人信息累计人数", "本年度敏感個人資料累計人數"}},
      {"consent.basis",
       Type::kEnum,
       "consent contract hr emergency statutory",
       kFact,
       "consent",
       {"legal basis of processing", "处理的合法性基础", "處理的合法性基礎"}},
      {"consent.separate",
       Type::kBoolean,
       "",
       kFree,
       "consent",
       {"separate consent", "单独同意", "單獨同意"}},
      {"consent.guardian",
       Type::kBoolean,
       "",
       kFree,
       "consent",
       {"guardian's consent", "监护人同意", "監護人同意"}},
      {"impact_assessment",
       Type::kEnum,
       "done missing stale",
       kFree,
       "",
       {"impact assessment", "个人信息保护影响评估", "個人資料保護影響評估"}},
      {"mechanism.kind",
       Type::kEnum,
       "none gba-sc cac-sc security-assessment certification hk-rmc",
       kFree,
       "mechanism",
       {"mechanism on file", "已备案机制", "已備案機制"}},
      {"mechanism.status",
       Type::kEnum,
       "effective not-effective pending out-of-scope unfiled-within-10wd unfiled-after-10wd",
       kFree,
       "mechanism",
       {"status of the mechanism", "机制状态", "機制狀態"}},
      {"mechanism.days_left",
       Type::kInteger,
       "",
       kFree,
       "mechanism",
       {"days left of the mechanism", "机制剩余天数", "機制剩餘日數"}},
      {"mechanism.kinds",
       Type::kSet,
       "gba-sc cac-sc security-assessment certification hk-rmc",
       kNever,
       "",
       {"mechanisms in force", "有效机制", "有效機制"}},
      {"genetic.data",
       Type::kBoolean,
       "",
       kFact,
       "",
       {"human genetic resource information", "人类遗传资源信息", "人類遺傳資源信息"}},
      {"genetic.recipient",
       Type::kString,
       "none chinese foreign unknown foreign-provider",
       kFact,
       "",
       {"control of the genetic data's recipient", "遗传资源接收方控制情况", "遺傳資源接收方控制情況"}},
      {"genetic.subjects_wgs",
       Type::kInteger,
       "",
       kFact,
       "",
       {"persons with exome or genome data", "外显子或基因组测序人数", "外顯子或基因組測序人數"}},
      {"genetic.filing",
       Type::kString,
       "none prior-report prior-report+backup security-review-passed cooperation-approved",
       kFree,
       "",
       {"genetic resource filing", "人类遗传资源申报", "人類遺傳資源申報"}},
      {"hk.use",
       Type::kEnum,
       "same-purpose new-purpose-with-consent new-purpose-no-consent s62-research",
       kFact,
       "",
       {"use under the PDPO", "在《私隐条例》下的用途", "在《私隱條例》下的用途"}},
      {"hk.processor_control",
       Type::kBoolean,
       "",
       kFree,
       "",
       {"contractual control of the processor", "对处理者的合约管控", "對處理者的合約管控"}},
      {"inspection.verdict",
       Type::kEnum,
       "clean identifiers secret-mark incomplete not-run",
       kFree,
       "inspection",
       {"inspection verdict", "检查结论", "檢查結論"}},
      {"inspection.findings",
       Type::kInteger,
       "",
       kFree,
       "inspection",
       {"inspection findings", "检查发现数", "檢查發現數"}},
      {"result.min_group",
       Type::kInteger,
       "",
       kFree,
       "result",
       {"smallest group in the result", "结果中最小分组人数", "結果中最小分組人數"}},
      {"result.anonymity_assessed",
       Type::kBoolean,
       "",
       kFree,
       "result",
       {"written anonymity assessment", "书面匿名化评估", "書面匿名化評估"}},
      {"compute.accelerator", Type::kString, "", kFact, "", {"accelerator", "加速器", "加速器"}},
      {"compute.platform", Type::kString, "local slurm kubernetes", kFact, "", {"platform", "平台", "平台"}},
      {"compute.control_class",
       Type::kString,
       "unrestricted ear-3a090 ear-4a090",
       kFact,
       "",
       {"export control class", "出口管制类别", "出口管制類別"}},
      {"compute.licensed",
       Type::kBoolean,
       "",
       kFree,
       "",
       {"licence on record", "许可证已登记", "許可證已登記"}},
      {"tenant.headquarters",
       Type::kString,
       "CN HK MO SG US",
       kFact,
       "",
       {"tenant's headquarters", "租户总部所在地", "租戶總部所在地"}},
      {"tenant.restricted", Type::kBoolean, "", kFact, "", {"tenant restricted", "租户受限", "租戶受限"}},
      {"link.crypto",
       Type::kEnum,
       "gm international",
       kFree,
       "",
       {"link cryptography", "链路密码", "鏈路密碼"}},
      {"transfer.split_suspected",
       Type::kBoolean,
       "",
       kNever,
       "",
       {"splitting suspected", "疑似拆分", "疑似拆分"}},
      {"zone.list",
       Type::kEnum,
       "listed-as-exempt unverified",
       kFree,
       "",
       {"zone negative list", "自贸区负面清单", "自貿區負面清單"}},
      {"time.date", Type::kDate, "", kNever, "", {"date", "日期", "日期"}},
  }};
  return kRows;
}

// What people can bring about is proposed only as what they would want to bring about: nobody is told to let
// an assessment go stale, or that his rows would cross if they were an image.
struct Proposal {
  std::string_view name;
  const char* values;  // separated by blanks
  bool alone = false;
};

constexpr std::array<Proposal, 12> kProposals = {{
    {"item.kind", "aggregate"},
    {"consent.separate", "true"},
    {"consent.guardian", "true"},
    {"impact_assessment", "done"},
    {"mechanism.status", "effective"},
    {"genetic.filing", "prior-report+backup security-review-passed cooperation-approved"},
    {"hk.processor_control", "true"},
    {"inspection.verdict", "clean"},
    {"result.anonymity_assessed", "true"},
    {"compute.licensed", "true"},
    {"link.crypto", "gm"},
    // A list frees data from needing anything else: with a contract beside it, it is no alternative.
    {"zone.list", "listed-as-exempt", true},
}};

}  // namespace

const Schema& Schema::built_in() {
  static const Schema kSchema = [] {
    Schema schema;
    for (const Row& row : rows()) {
      Attribute attribute;
      attribute.name = row.name;
      attribute.type = row.type;
      if (*row.values != '\0') attribute.values = split(row.values, ' ');
      attribute.title = row.title;
      attribute.change = row.change;
      attribute.group = row.group;
      for (const Proposal& proposal : kProposals) {
        if (proposal.name != attribute.name) continue;
        attribute.proposed = split(proposal.values, ' ');
        attribute.proposed_alone = proposal.alone;
      }
      attribute.built_in = true;
      HETAO_CHECK(schema.add(std::move(attribute)).has_value());
    }
    return schema;
  }();
  return kSchema;
}

}  // namespace hetao::policy
