// Ant Design in our colours.
import type {ThemeConfig} from 'antd/es/config-provider';
import antd from 'antd/es/theme';
import {cityColour, effectColours, type Mode} from './theme';

export function themeOf(mode: Mode, region: string): ThemeConfig {
  const dark = mode === 'dark';
  const accent = cityColour(region, mode);
  return {
    algorithm: dark ? antd.darkAlgorithm : antd.defaultAlgorithm,
    hashed: false,
    token: {
      colorPrimary: dark ? cityColour(region, 'dark') : accent,
      colorLink: accent,
      colorInfo: accent,
      colorSuccess: effectColours[mode].permit,
      colorWarning: effectColours[mode].hold,
      colorError: effectColours[mode].forbid,
      colorBgLayout: dark ? '#101418' : '#f3f5f7',
      colorBgContainer: dark ? '#171c22' : '#ffffff',
      colorBgElevated: dark ? '#1e252d' : '#ffffff',
      colorText: dark ? '#e6eaee' : '#1b2530',
      colorTextSecondary: dark ? '#b3bdc7' : '#46535f',
      colorTextTertiary: dark ? '#a0abb6' : '#5a6773',
      colorTextQuaternary: dark ? '#98a3ae' : '#5f6b77',
      colorTextPlaceholder: dark ? '#98a3ae' : '#66727d',
      colorTextDescription: dark ? '#a8b3bd' : '#55616d',
      colorTextDisabled: dark ? '#8e99a4' : '#6b7681',
      colorBorder: dark ? '#55616d' : '#8d98a3',
      colorBorderSecondary: dark ? '#2b343d' : '#dde3e8',
      colorTextLightSolid: dark ? '#101418' : '#ffffff',
      borderRadius: 6,
      fontSize: 14,
      controlHeight: 32,
      fontFamily:
        "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'PingFang HK', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans CJK HK', sans-serif",
      fontFamilyCode: "ui-monospace, SFMono-Regular, 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace",
      motion: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
      wireframe: false,
    },
    components: {
      Table: {cellPaddingBlock: 8, cellPaddingInline: 12, headerBg: dark ? '#1b2128' : '#f7f9fa', fontSize: 13.5 as number},
      Tabs: {horizontalMargin: '0 0 12px 0'},
      Form: {itemMarginBottom: 16, verticalLabelPadding: '0 0 4px'},
      Button: {primaryShadow: 'none', defaultShadow: 'none'},
    },
  };
}
