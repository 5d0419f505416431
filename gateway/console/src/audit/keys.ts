// The keys that this browser trusts for a ledger. Pinned when first seen, or as the auditor pastes them: a gateway that
// shows another key later does not pass unseen.

const PLACE = 'hetao.ledgerKeys';
type Pinned = Record<string, string[]>;

const read = (): Pinned => {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? '{}') as Pinned;
  } catch {
    return {};
  }
};

export interface Trust {
  keys: string[];
  state: 'first' | 'same' | 'changed';
}

export function trusted(region: string, shown: string[]): Trust {
  const all = read();
  const pinned = all[region];
  if (!pinned) {
    localStorage.setItem(PLACE, JSON.stringify({...all, [region]: shown}));
    return {keys: shown, state: 'first'};
  }
  return {keys: pinned, state: shown.every((key) => pinned.includes(key)) ? 'same' : 'changed'};
}

export function pin(region: string, keys: string[]) {
  localStorage.setItem(PLACE, JSON.stringify({...read(), [region]: keys}));
}
