// Everything that the console says, in three languages. table.ts has them side by side; a browser loads its own alone
// (vite.config.ts cuts the table into columns).
import type {rows} from './table';

export type Row = readonly [en: string, zhHans: string, zhHant: string];
export type Language = 'en' | 'zh-Hans' | 'zh-Hant';
export const languages: readonly Language[] = ['zh-Hans', 'zh-Hant', 'en'];
export const languageNames: Record<Language, string> = {'zh-Hans': '简体中文', 'zh-Hant': '繁體中文', en: 'English'};

export type Key = keyof typeof rows;
export type Words = Record<string, string>;
export type Fill = Record<string, string | number>;

const loaders: Record<Language, () => Promise<{default: Words}>> = {
  en: () => import('virtual:words/en'),
  'zh-Hans': () => import('virtual:words/zh-Hans'),
  'zh-Hant': () => import('virtual:words/zh-Hant'),
};
export const loadWords = (language: Language) => loaders[language]().then((found) => found.default);

// "{count|job|jobs}" with count 1 is "1 job".
export function filled(text: string, fill: Fill = {}): string {
  return text
    .replace(/\{(\w+)\|([^|}]*)\|([^}]*)\}/g, (_, name: string, one: string, many: string) => `${fill[name]} ${Number(fill[name]) === 1 ? one : many}`)
    .replace(/\{(\w+)\}/g, (_, name: string) => String(fill[name] ?? ''));
}

export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const lower = tag.toLowerCase();
    if (/^zh-(hant|tw|hk|mo)/.test(lower)) return 'zh-Hant';
    if (lower.startsWith('zh')) return 'zh-Hans';
    if (lower.startsWith('en')) return 'en';
  }
  return 'en';
}
