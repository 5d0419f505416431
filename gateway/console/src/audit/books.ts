// Two books side by side: which stands where, and whether what one wrote off the other wrote down.
import type {Entry} from '../api/types';

// Shenzhen left, Hong Kong right.
export function booksOf(entries: Entry[], own: string): [string, string] {
  const regions = [...new Set([own, ...entries.map((entry) => String(entry.region))])].filter(Boolean);
  const other = regions.find((region) => region !== own) ?? '';
  return own === 'hongkong' || other === 'shenzhen' ? [other, own] : [own, other];
}

export interface Match {
  crossing: string;
  state: 'same' | 'open' | 'differ';
  digest: string;
  bytes: number;
}

// Every `departed` with its `arrived`: same digest, same size.
export function matchesOf(entries: Entry[]): Match[] {
  const found = new Map<string, {departed?: Entry; arrived?: Entry; recalled?: Entry}>();
  for (const entry of entries) {
    if (!['departed', 'arrived', 'recalled'].includes(entry.kind)) continue;
    const crossing = String(entry.crossing);
    found.set(crossing, {...found.get(crossing), [entry.kind]: entry});
  }
  return [...found].map(([crossing, {departed, arrived, recalled}]) => {
    const first = departed ?? arrived;
    const same = departed && arrived && departed.item_digest === arrived.item_digest && departed.item_bytes === arrived.item_bytes;
    const state = same || (departed && recalled && !arrived) ? 'same' : departed && arrived ? 'differ' : 'open';
    return {crossing, state, digest: String(first?.item_digest ?? ''), bytes: Number(first?.item_bytes ?? 0)};
  });
}
