#include "policy/phrases.h"

#include <algorithm>

namespace hetao::policy {

namespace {

struct Phrase {
  std::string_view attribute;
  std::string_view to;
  Words words;
};

const std::vector<Phrase>& phrases() {
  static const std::vector<Phrase> kPhrases = {
      {"mechanism.kind",
       "gba-sc",
       {"a GBA standard contract on file", "已备案的粤港澳大湾区标准合同", "已備案的粵港澳大灣區標準合約"}},
      {"mechanism.kind",
       "cac-sc",
       {"a CAC standard contract on file", "已备案的个人信息出境标准合同", "已備案的個人信息出境標準合約"}},
      {"mechanism.kind",
       "security-assessment",
       {"a passed security assessment", "已通过的数据出境安全评估", "已通過的數據出境安全評估"}},
      {"mechanism.kind",
       "certification",
       {"a certification for cross-border transfers", "个人信息保护认证", "個人信息保護認證"}},
      {"mechanism.kind",
       "hk-rmc",
       {"the Hong Kong recommended model clauses signed", "已签署的香港建议合约条文范本",
        "已簽署的香港建議合約條文範本"}},
      {"mechanism.kind", "none", {"no reliance on a mechanism", "不依赖任何机制", "不依賴任何機制"}},
      {"item.kind", "aggregate", {"only an aggregated result", "仅汇总结果", "只限匯總結果"}},
      {"mechanism.status", "effective", {"the mechanism in force", "机制已生效", "機制已生效"}},
      {"mechanism.days_left", ">= 0", {"the mechanism not run out", "机制未到期", "機制未到期"}},
      {"consent.separate",
       "true",
       {"separate consent of the persons", "取得个人的单独同意", "取得當事人的單獨同意"}},
      {"consent.guardian", "true", {"the guardians' consent", "取得监护人同意", "取得監護人同意"}},
      {"impact_assessment",
       "done",
       {"an impact assessment that is up to date", "有效的个人信息保护影响评估",
        "有效的個人資料保護影響評估"}},
      {"inspection.verdict",
       "clean",
       {"an inspection that finds nothing", "检查未发现问题", "檢查未發現問題"}},
      {"result.anonymity_assessed",
       "true",
       {"a written anonymity assessment", "书面匿名化评估", "書面匿名化評估"}},
      {"link.crypto",
       "gm",
       {"a link with commercial cryptography (SM2/SM3/SM4)", "采用商用密码（SM2/SM3/SM4）的链路",
        "採用商用密碼（SM2/SM3/SM4）的鏈路"}},
      {"hk.processor_control",
       "true",
       {"contractual control of the processor", "对处理者的合约管控", "對處理者的合約管控"}},
      {"compute.licensed", "true", {"a licence on record", "已登记的许可证", "已登記的許可證"}},
      {"zone.list",
       "listed-as-exempt",
       {"data that the zone's pinned list exempts", "自贸区清单（版本已固定）豁免的数据",
        "自貿區清單（版本已固定）豁免的數據"}},
      {"genetic.filing",
       "prior-report+backup",
       {"a prior report and backup to the NHC", "向国家卫健委事先报告并备份", "向國家衛健委事先報告並備份"}},
      {"genetic.filing",
       "security-review-passed",
       {"a passed security review of genetic resources", "已通过人类遗传资源安全审查",
        "已通過人類遺傳資源安全審查"}},
  };
  return kPhrases;
}

}  // namespace

Words phrase_for(const Attribute& attribute, std::string_view to,
                 const std::vector<AttributeChange>& together) {
  const bool says_of_mechanism = (attribute.name == "mechanism.status" && to == "effective") ||
                                 (attribute.name == "mechanism.days_left" && to.starts_with(">= 0"));
  const bool names_mechanism =
      std::any_of(together.begin(), together.end(), [](const AttributeChange& change) {
        return change.attribute == "mechanism.kind" && change.to != "none";
      });
  if (says_of_mechanism && names_mechanism) return {};
  if (attribute.name == "result.min_group" && to.starts_with(">= ")) {
    const std::string floor(to.substr(3));
    return {"no group of fewer than " + floor + " persons", "最小分组不少于 " + floor + " 人",
            "最小分組不少於 " + floor + " 人"};
  }
  for (const Phrase& phrase : phrases()) {
    if (phrase.attribute == attribute.name && phrase.to == to) return phrase.words;
  }
  const std::string value(to);
  return {attribute.title.en + ": " + value, attribute.title.in("zh-Hans") + "：" + value,
          attribute.title.in("zh-Hant") + "：" + value};
}

}  // namespace hetao::policy
