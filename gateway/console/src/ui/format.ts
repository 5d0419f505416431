// Numbers, sizes and times as people read them. Times are those of both cities: +08:00.

const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Shanghai',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

// "2026-11-26 17:30:05".
export function localTime(time: string | number | Date): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  const found = Object.fromEntries(parts.formatToParts(date).map((part) => [part.type, part.value]));
  return `${found.year}-${found.month}-${found.day} ${found.hour}:${found.minute}:${found.second}`;
}

// What a datetime-local field says, which is meant at +08:00, as RFC 3339.
export const fromLocal = (text: string): string => (text ? `${text.length === 16 ? `${text}:00` : text}+08:00` : '');

export function bytes(count: number | undefined): string {
  if (count === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export const number = (value: number | undefined): string => (value === undefined ? '–' : value.toLocaleString('en-US'));

export function duration(seconds: number): string {
  if (seconds < 0) return '–';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

// "12.50 CNY"; amounts come as decimals, and stay what they are.
export const money = (amount: string | undefined, currency: string | undefined): string => (amount === undefined || amount === '' ? '–' : `${amount} ${currency ?? ''}`.trim());
export const hours = (seconds: number | undefined): string => (seconds === undefined ? '–' : (seconds / 3600).toLocaleString('en-US', {maximumFractionDigits: 2}));

export const millis = (micros: number | undefined): string => (micros === undefined ? '–' : `${(micros / 1000).toFixed(micros < 10_000 ? 2 : 1)} ms`);

export const short = (digest: string | undefined): string => (digest ? digest.slice(digest.lastIndexOf(':') + 1).slice(0, 12) : '');

export function value(of: unknown): string {
  if (Array.isArray(of)) return of.length ? of.map(value).join(', ') : '∅';
  if (of !== null && typeof of === 'object') return JSON.stringify(of);
  return String(of);
}
