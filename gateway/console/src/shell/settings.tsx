// What a person chose for this browser: language and light or dark. Kept in localStorage, which holds nothing else.
import {createContext, useContext, useEffect, useMemo, useState, type ReactNode} from 'react';
import {filled, loadWords, preferredLanguage, type Fill, type Key, type Language, type Words} from '../words';
import type {Mode} from './theme';

export type ModeChoice = Mode | 'system';

interface Settings {
  language: Language;
  mode: Mode;
  modeChoice: ModeChoice;
  setLanguage: (language: Language) => void;
  setMode: (mode: ModeChoice) => void;
  t: (key: Key, fill?: Fill) => string;
  word: (area: string, code: string) => string;
}

const SettingsContext = createContext<Settings | null>(null);
const darkQuery = window.matchMedia('(prefers-color-scheme: dark)');

export function SettingsProvider({children}: {children: ReactNode}) {
  const [language, setLanguage] = useState<Language>(
    () => (localStorage.getItem('hetao.language') as Language | null) ?? preferredLanguage(navigator.languages),
  );
  const [modeChoice, setMode] = useState<ModeChoice>(() => (localStorage.getItem('hetao.mode') as ModeChoice | null) ?? 'system');
  const [systemDark, setSystemDark] = useState(darkQuery.matches);
  useEffect(() => {
    const heard = () => setSystemDark(darkQuery.matches);
    darkQuery.addEventListener('change', heard);
    return () => darkQuery.removeEventListener('change', heard);
  }, []);
  const mode: Mode = modeChoice === 'system' ? (systemDark ? 'dark' : 'light') : modeChoice;
  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dataset.mode = mode;
    localStorage.setItem('hetao.language', language);
    localStorage.setItem('hetao.mode', modeChoice);
  }, [language, mode, modeChoice]);
  const [words, setWords] = useState<Words | null>(null);
  useEffect(() => {
    let other = false;
    void loadWords(language).then((found) => !other && setWords(found));
    return () => {
      other = true;
    };
  }, [language]);
  const value = useMemo<Settings>(
    () => ({
      language,
      mode,
      modeChoice,
      setLanguage,
      setMode,
      t: (key, fill) => filled(words?.[key] ?? key, fill),
      // A word of the gateway's, such as a job's state; as it stands where we have none.
      word: (area, code) => words?.[`${area}.${code}`] ?? code,
    }),
    [language, mode, modeChoice, words],
  );
  if (!words) return null;
  return <SettingsContext value={value}>{children}</SettingsContext>;
}

export function useSettings(): Settings {
  const settings = useContext(SettingsContext);
  if (!settings) throw new Error('no settings here');
  return settings;
}

export const useWords = () => {
  const {t, word} = useSettings();
  return {t, word};
};
