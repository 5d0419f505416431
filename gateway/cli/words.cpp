#include "gateway/cli/words.h"

#include <algorithm>
#include <array>

namespace hetao::cli {

namespace {

struct Word {
  std::string_view en;
  std::string_view hans;
  std::string_view hant;
};

// Sorted by the English word.
constexpr std::array kWords = std::to_array<Word>({
    {"ADDRESS", "地址", "地址"},
    {"AT", "时间", "時間"},
    {"BUDGET", "预算", "預算"},
    {"BYTES", "大小", "大小"},
    {"CERTIFICATE", "证书", "證書"},
    {"CREATED", "提交时间", "提交時間"},
    {"CROSSING", "跨境传输", "跨境傳輸"},
    {"DATASET", "数据集", "數據集"},
    {"DAYS LEFT", "剩余天数", "剩餘日數"},
    {"DECISION", "决定", "決定"},
    {"FROM", "来自", "來自"},
    {"ID", "编号", "編號"},
    {"INDEX", "序号", "序號"},
    {"ITEM", "对象", "項目"},
    {"JOB", "作业", "作業"},
    {"KIND", "类型", "類型"},
    {"NAME", "名称", "名稱"},
    {"OPENED", "开始时间", "開始時間"},
    {"OUTPUT", "输出", "輸出"},
    {"OWNER", "所有者", "擁有者"},
    {"POLICY", "策略", "政策"},
    {"PURPOSE", "用途", "用途"},
    {"REASON", "原因", "原因"},
    {"REGION", "区域", "區域"},
    {"RULES", "规则", "規則"},
    {"SEQUENCE", "序号", "序號"},
    {"STATE", "状态", "狀態"},
    {"TENANT", "租户", "租戶"},
    {"TIME", "时间", "時間"},
    {"TO", "去往", "前往"},
    {"UNTIL", "截止", "截止"},
    {"USED", "已用", "已用"},
    {"VALUES", "取值", "取值"},
    {"WHO", "操作者", "操作者"},
    {"accepted", "已接受", "已接受"},
    {"allowed instead", "可改为", "可改為"},
    {"approved", "已批准", "已批准"},
    {"asked", "已询问对方", "已詢問對方"},
    {"available", "可取用", "可取用"},
    {"cancelled", "已取消", "已取消"},
    {"cancelling", "正在取消", "正在取消"},
    {"closed", "已关闭", "已關閉"},
    {"complete", "已完成", "已完成"},
    {"deciding", "决定中", "決定中"},
    {"declined", "已谢绝", "已謝絕"},
    {"deleted", "已删除", "已刪除"},
    {"delivered", "已送达", "已送達"},
    {"done", "已到达", "已到達"},
    {"down", "断开", "中斷"},
    {"executor-error", "程序出错", "程式出錯"},
    {"expired", "已过期", "已過期"},
    {"forbid", "禁止", "禁止"},
    {"granted", "已准许", "已准許"},
    {"held", "待审核", "待審核"},
    {"hold", "待审核", "待審核"},
    {"inspecting", "检查结果中", "檢查結果中"},
    {"invited", "已邀请", "已邀請"},
    {"missing", "缺失", "缺失"},
    {"moving", "传输中", "傳輸中"},
    {"offered", "已提交对方", "已提交對方"},
    {"open", "待处理", "待處理"},
    {"permit", "允许", "允許"},
    {"queued", "排队中", "排隊中"},
    {"refused", "已拒绝", "已拒絕"},
    {"rejected", "已拒绝", "已拒絕"},
    {"returning", "返回结果中", "傳回結果中"},
    {"revoked", "已撤销", "已撤銷"},
    {"running", "运行中", "執行中"},
    {"staging", "准备数据中", "準備數據中"},
    {"system-error", "系统出错", "系統出錯"},
    {"up", "已连接", "已連接"},
    {"waiting", "等待中", "等待中"},
    {"withdrawn", "已撤回", "已撤回"},
    {"withheld", "未放行", "未放行"},
});

}  // namespace

std::optional<Language> parse_language(std::string_view text) {
  if (text == "en") return Language::kEn;
  if (text == "zh-Hans") return Language::kZhHans;
  if (text == "zh-Hant") return Language::kZhHant;
  return std::nullopt;
}

Language language_of_locale(std::string_view locale) {
  if (!locale.starts_with("zh")) return Language::kEn;
  for (const std::string_view place : {"HK", "TW", "MO", "Hant"}) {
    if (locale.find(place) != std::string_view::npos) return Language::kZhHant;
  }
  return Language::kZhHans;
}

const char* tag_of(Language language) {
  switch (language) {
    case Language::kEn:
      return "en";
    case Language::kZhHans:
      return "zh-Hans";
    case Language::kZhHant:
      return "zh-Hant";
  }
  return "en";
}

std::string translate(std::string_view english, Language language) {
  const auto at = std::lower_bound(kWords.begin(), kWords.end(), english,
                                   [](const Word& word, std::string_view key) { return word.en < key; });
  if (language == Language::kEn || at == kWords.end() || at->en != english) return std::string(english);
  return std::string(language == Language::kZhHans ? at->hans : at->hant);
}

}  // namespace hetao::cli
