// Numbers written in groups with a blank or hyphen between: cards, resident numbers, phones, accounts.
#include <algorithm>
#include <array>
#include <initializer_list>

#include "gateway/inspection/number_checks.h"
#include "gateway/inspection/scan/window_scan.h"

namespace hetao::inspection {

// Groups round one that has four digits or more: at most two shorter ones before it, and what follows.
struct WindowScan::Groups {
  static constexpr size_t kMax = 8;
  std::array<size_t, kMax> begin{};
  std::array<size_t, kMax> end{};
  size_t count = 0;
  bool before = false;  // more digits stand in front, with one separator between
  bool behind = false;
  size_t size(size_t i) const { return i < count ? end[i] - begin[i] : 0; }
  // Groups first, first+1, … have these sizes.
  bool shaped(size_t first, std::initializer_list<size_t> sizes) const {
    for (const size_t wanted : sizes) {
      if (size(first++) != wanted) return false;
    }
    return true;
  }
};

namespace {

// Length of one separator at `i`: a blank, a hyphen, or a closing bracket with or without one of them.
size_t separator_at(std::string_view text, size_t i) {
  if (i >= text.size()) return 0;
  if (text[i] == ')') return i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '-') ? 2 : 1;
  return text[i] == ' ' || text[i] == '-' ? 1 : 0;
}

bool is_area_code(std::string_view digits) {
  if (digits.size() == 3) return digits == "010" || digits.starts_with("02");
  return digits.size() == 4 && digits[0] == '0' && digits[1] >= '3' && digits[1] <= '9';
}

}  // namespace

void WindowScan::on_groups(size_t begin, size_t end) {
  Groups g;
  // Back over one or two short groups; a long one has been looked at as the first of its own.
  size_t start = begin;
  for (int back = 0; back < 2; ++back) {
    size_t i = start;
    if (i > 0 && (text_[i - 1] == ' ' || text_[i - 1] == '-')) --i;
    if (i > 0 && text_[i - 1] == ')') --i;
    if (i == start) break;
    size_t from = i;
    while (from > 0 && i - from < 4 && is_digit(text_[from - 1])) --from;
    if (from == i || i - from == 4) {
      g.before = from != i;
      break;
    }
    start = from;
  }
  size_t first = 0;
  for (size_t i = start; g.count < Groups::kMax;) {
    size_t until = i;
    while (is_digit(at(until)) && until - i < 24) ++until;
    if (until == i) break;
    if (i == begin) first = g.count;
    g.begin[g.count] = i;
    g.end[g.count++] = until;
    const size_t gap = separator_at(text_, until);
    if (gap == 0 || !is_digit(at(until + gap))) break;
    g.behind = g.count == Groups::kMax;
    i = until + gap;
  }
  if (end - begin > 19) return;
  if (g.count == 1 && at(g.end[0]) != ' ') {
    on_groups_of_letters(begin, end);
    return;
  }
  for (size_t s = 0; s <= first; ++s) {
    if (resident_groups(g, s) || card_groups(g, s)) return;
  }
  for (size_t s = 0; s <= first; ++s) {
    if (phone_groups(g, s) || account_groups(g, s)) return;
  }
  on_groups_of_letters(begin, end);
}

// "440304 19000101 0010", "4403-0419-0001-0100-10", "440304 19000101 001X": groups that make 18 together.
bool WindowScan::resident_groups(const Groups& g, size_t s) {
  if (g.count < s + 2) return false;
  std::string digits;
  for (size_t i = s; i < g.count; ++i) {
    digits += part(g.begin[i], g.end[i]);
    if (digits.size() >= 17) {
      if (i == s) return false;
      size_t until = g.end[i];
      if (digits.size() == 17 && (at(until) == 'X' || at(until) == 'x')) digits += at(until++);
      const char after = at(until);
      if (digits.size() != 18 || g.size(s) < 2) return false;
      const ResidentFit found = fit_resident(digits, options_.latest_birth_day);
      // The date's own group, or groups of equal size: what else adds up to 18 by chance is two other
      // numbers.
      const bool shaped = (g.size(s) == 6 && (g.size(s + 1) == 8 || g.size(s + 1) == 4)) ||
                          (g.size(s) == 4 && g.size(s + 1) == 4) || (g.size(s) == 3 && g.size(s + 1) == 3) ||
                          (g.size(s) == 6 && g.size(s + 1) == 6) || (g.size(s) == 14 && g.size(s + 1) >= 3);
      const bool told =
          shaped || (found.fit == Fit::kValid && (words_near(g.begin[s], until) & kWordsResident) != 0);
      return told && !is_digit(after) && weigh(found.kind, found.fit, g.begin[s], until);
    }
  }
  return false;
}

bool WindowScan::card_groups(const Groups& g, size_t s) {
  size_t last = s;
  if (g.shaped(s, {4, 4, 4, 4})) {
    last = s + 3;
    if (g.size(s + 4) > 0 && g.size(s + 4) <= 3) last = s + 4;
  } else if (g.shaped(s, {4, 6, 5}) || g.shaped(s, {4, 6, 4}) || g.shaped(s, {4, 4, 5})) {
    last = s + 2;
  } else if (g.size(s) == 6 && g.size(s + 1) >= 10 && g.size(s + 1) <= 13) {
    last = s + 1;
  } else {
    return false;
  }
  // A longer row of equal groups is a table.
  if ((s == 0 && g.before) || g.size(last + 1) >= 4) return false;
  const char front = char_before(g.begin[s]);
  if (is_letter(front) || front == '.' || front == '_' || is_letter(at(g.end[last])) ||
      at(g.end[last]) == '_')
    return false;
  // Codes in rows: 4E8F 4111 1111 1111 1111 5F02.
  const auto code = [this](size_t from) {
    const std::string_view word = part(from, from + 4);
    return word.size() == 4 && std::all_of(word.begin(), word.end(), is_alnum) &&
           std::any_of(word.begin(), word.end(), is_digit);
  };
  const bool row = (g.begin[s] >= 5 && front == ' ' && code(g.begin[s] - 5)) ||
                   (at(g.end[last]) == ' ' && code(g.end[last] + 1));
  if (row && g.size(s) == 4 && (words_near(g.begin[s], g.end[last]) & kWordsCard) == 0) return false;
  std::string digits;
  for (size_t i = s; i <= last; ++i) digits += part(g.begin[i], g.end[i]);
  Kind kind = Kind::kIntlPan;
  const Fit fit = fit_card(digits, kind);
  return weigh(kind, fit, g.begin[s], g.end[last]);
}

// 2003-2005
bool WindowScan::is_years(const Groups& g, size_t s) const {
  const auto year = [&](size_t i) {
    const std::string_view first = part(g.begin[i], g.begin[i] + 2);
    return first == "19" || first == "20";
  };
  return year(s) && year(s + 1);
}

bool WindowScan::phone_groups(const Groups& g, size_t s) {
  const std::string_view code = part(g.begin[s], g.end[s]);
  const char front = char_before(g.begin[s]);
  if (is_letter(front) || front == '.' || front == '_') return false;
  const auto mobile_from = [&](size_t first) -> size_t {  // the last group of a mobile number, or 0
    for (const auto& shape : {std::initializer_list<size_t>{11}, {3, 4, 4}, {3, 8}, {7, 4}, {3, 4, 2, 2}}) {
      if (!g.shaped(first, shape)) continue;
      std::string digits;
      for (size_t i = first; i < first + shape.size(); ++i) digits += part(g.begin[i], g.end[i]);
      if (is_cn_mobile(digits) && !is_alnum(at(g.end[first + shape.size() - 1])))
        return first + shape.size() - 1;
    }
    return 0;
  };
  if (code == "86" || code == "0086") {
    if (const size_t last = mobile_from(s + 1); last != 0) {
      report(Kind::kCnMobile, g.begin[s], g.end[last], true);
      return true;
    }
  }
  const bool international = front == '+' || front == '(' || code == "852" || code.starts_with("00");
  const bool eight = g.size(s + 1) == 8 || g.shaped(s + 1, {4, 4});
  const size_t eight_last = g.size(s + 1) == 8 ? s + 1 : s + 2;
  if (international && eight && (code == "852" || code == "00852") && text_[g.begin[s + 1]] >= '2') {
    report(Kind::kHkPhone, g.begin[s], g.end[eight_last], true);
    return true;
  }
  if (international && eight && (code == "853" || code == "00853")) {
    const std::string_view number = part(g.begin[s + 1], g.end[eight_last]);
    if (number[0] == '6' || number[0] == '8' || number.starts_with("28")) {
      report(Kind::kMoPhone, g.begin[s], g.end[eight_last], true);
      return true;
    }
  }
  if (g.size(s) == 3 || g.size(s) == 7) {
    const size_t last = mobile_from(s);
    // Among more numbers in a row it is one of them, unless a word says what it is.
    const bool row = s > 0 || g.before || (last != 0 && g.size(last + 1) > 0);
    if (last != 0 && (!row || (words_near(g.begin[s], g.end[last]) & kPhoneWords) != 0)) {
      weigh(Kind::kCnMobile, Fit::kValid, g.begin[s], g.end[last]);
      return true;
    }
  }
  const size_t local = g.size(s + 1);
  if (is_area_code(code) &&
      (local == 7 || local == 8 || g.shaped(s + 1, {4, 4}) || g.shaped(s + 1, {3, 4}))) {
    const size_t last = local >= 7 ? s + 1 : s + 2;
    const char first = text_[g.begin[s + 1]];
    // Behind a hyphen it is a part of something longer, of a UUID say, unless that is the country's code.
    const bool part_of_more = front == '-' && !part(0, g.begin[s] - 1).ends_with("86");
    if (first >= '2' && first <= '8' && !is_alnum(at(g.end[last])) && !is_digit(front) && !part_of_more) {
      report(Kind::kCnLandline, g.begin[s], g.end[last],
             (words_near(g.begin[s], g.end[last]) & (kWordsPhone | kWordsCall)) != 0);
      return true;
    }
  }
  // +86 755 2222 2222
  if (code == "86" && front == '+' && g.size(s + 1) <= 3 &&
      is_area_code("0" + std::string(part(g.begin[s + 1], g.end[s + 1])))) {
    const bool halves = g.shaped(s + 2, {4, 4}) || g.shaped(s + 2, {3, 4});
    const size_t last = halves ? s + 3 : s + 2;
    const char first = at(g.begin[std::min(s + 2, Groups::kMax - 1)]);
    if ((halves || g.size(s + 2) == 7 || g.size(s + 2) == 8) && first >= '2' && first <= '8' &&
        !is_alnum(at(g.end[last]))) {
      report(Kind::kCnLandline, g.begin[s], g.end[last], true);
      return true;
    }
  }
  const bool hk =
      g.shaped(s, {4, 4}) && g.size(s + 2) == 0 && (s > 0 || !g.before) && text_[g.begin[s]] >= '2';
  if (hk && !is_alnum(at(g.end[s + 1])) && !is_years(g, s) && front != '-' &&
      is_hk_phone(g.begin[s], g.end[s + 1], words_near(g.begin[s], g.end[s + 1]))) {
    report(Kind::kHkPhone, g.begin[s], g.end[s + 1], true);
    return true;
  }
  return false;
}

// Hong Kong: bank accounts (3-3-6 and more) and business registration numbers (8-3-2-2-1).
bool WindowScan::account_groups(const Groups& g, size_t s) {
  const char front = char_before(g.begin[s]);
  if (is_alnum(front) || front == '.') return false;
  if (g.size(s) == 3 && g.size(s + 1) == 3 && g.size(s + 2) >= 6 && g.size(s + 2) <= 9) {
    const size_t last = g.size(s + 2) == 6 && g.size(s + 3) == 3 ? s + 3 : s + 2;
    if ((words_near(g.begin[s], g.end[last]) & kWordsAccount) == 0) return false;
    report(Kind::kHkBankAccount, g.begin[s], g.end[last], true);
    return true;
  }
  if (g.size(s) == 3 && g.size(s + 1) >= 9 && g.size(s + 1) <= 12) {
    if ((words_near(g.begin[s], g.end[s + 1]) & kWordsAccount) == 0) return false;
    report(Kind::kHkBankAccount, g.begin[s], g.end[s + 1], true);
    return true;
  }
  if (g.shaped(s, {2, 6, 6, 1}) || g.shaped(s, {6, 2, 6, 1})) {
    std::string digits;
    for (size_t i = s; i < s + 4; ++i) digits += part(g.begin[i], g.end[i]);
    const bool known = luhn(digits) && (words_near(g.begin[s], g.end[s + 3]) & kWordsImei) != 0;
    if (known) report(Kind::kImei, g.begin[s], g.end[s + 3], true);
    return known;
  }
  return false;  // a registration number's first eight digits are counted alone
}

// Bank accounts in groups of four with letters among them: "GB82 WEST 1234 5698 7654 32".
void WindowScan::on_groups_of_letters(size_t begin, size_t end) {
  if (end - begin != 4) return;
  size_t from = begin;
  for (int back = 0; back < 3 && from >= 5 && text_[from - 1] == ' '; ++back) {
    const std::string_view group = part(from - 5, from - 1);
    if (!std::all_of(group.begin(), group.end(), [](char c) { return is_upper(c) || is_digit(c); })) break;
    from -= 5;
    if (is_upper(group[0]) && is_upper(group[1]) && is_digit(group[2]) && is_digit(group[3])) break;
  }
  if (from == begin || !is_upper(text_[from]) || !is_upper(at(from + 1)) || !is_digit(at(from + 2)) ||
      !is_digit(at(from + 3)))
    return;
  if (from > 0 && is_alnum(text_[from - 1])) return;
  std::string plain;
  size_t i = from;
  for (; i < text_.size() && plain.size() < 35; ++i) {
    if (is_upper(text_[i]) || is_digit(text_[i])) {
      plain += text_[i];
    } else if (text_[i] != ' ' || !(is_upper(at(i + 1)) || is_digit(at(i + 1)))) {
      break;
    }
    if (plain.size() >= 15 && !(is_upper(at(i + 1)) || is_digit(at(i + 1))) &&
        fit_iban(plain) == Fit::kValid) {
      report(Kind::kIban, from, i + 1, (words_near(from, i + 1) & kWordsAccount) != 0);
      return;
    }
  }
}

}  // namespace hetao::inspection
