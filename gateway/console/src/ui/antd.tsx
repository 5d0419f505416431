// Ant Design's surroundings: theme, words, styles. Whatever uses a component of it stands inside of this; nothing else
// loads Ant Design.
import {StyleProvider} from '@ant-design/cssinjs';
import {useQuery} from '@tanstack/react-query';
import ConfigProvider from 'antd/es/config-provider';
import type {Locale} from 'antd/es/locale';
import {useMemo, type ReactNode} from 'react';
import {useStatus} from '../shell/frame';
import {useSettings} from '../shell/settings';
import {themeOf} from '../shell/antd_theme';
import type {Language} from '../words';

const locales: Record<Language, () => Promise<{default: Locale}>> = {
  en: () => import('antd/es/locale/en_GB'),
  'zh-Hans': () => import('antd/es/locale/zh_CN'),
  'zh-Hant': () => import('antd/es/locale/zh_HK'),
};

export function Antd({children}: {children: ReactNode}) {
  const {language, mode} = useSettings();
  const region = useStatus().data?.region ?? 'shenzhen';
  const locale = useQuery({queryKey: ['locale', language], queryFn: () => locales[language]().then((found) => found.default), staleTime: Infinity});
  const theme = useMemo(() => themeOf(mode, region), [mode, region]);
  return (
    <StyleProvider layer>
      <ConfigProvider locale={locale.data} theme={theme} wave={{disabled: true}}>
        {children}
      </ConfigProvider>
    </StyleProvider>
  );
}
