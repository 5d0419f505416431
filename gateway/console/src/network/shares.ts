// How much of a limit is used. A limit of nothing is used up.
export const shareOf = (used: number, most: number): number => (most > 0 ? used / most : 1);
export const toneOf = (share: number): '' | 'wait' | 'bad' => (share >= 1 ? 'bad' : share > 0.8 ? 'wait' : '');
