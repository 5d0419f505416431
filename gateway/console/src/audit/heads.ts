// The last head of each ledger that this browser saw. A head that does not continue it is an alarm: a ledger that was
// rewritten, cut, or shown differently to different people.
import {fromBase64, toBase64} from './bytes';
import {continues} from './merkle';
import {checkSignatures, parseCheckpoint, parseKeys, signedByLog, type Checkpoint} from './note';
import {Tiles, type ReadFile} from './tiles';

const PLACE = 'hetao.ledgerHeads';

export interface SeenHead {
  size: number;
  root: string;
  seen: string;
  note: string; // as it was signed: evidence, should a later one contradict it
}
type Seen = Record<string, SeenHead>;

function all(): Seen {
  try {
    return JSON.parse(localStorage.getItem(PLACE) ?? '{}') as Seen;
  } catch {
    return {};
  }
}
export const seenHead = (region: string): SeenHead | undefined => all()[region];
export const remember = (region: string, head: SeenHead) => localStorage.setItem(PLACE, JSON.stringify({...all(), [region]: head}));

export type Verdict = 'first' | 'same' | 'grown' | 'shorter' | 'contradicts' | 'unsigned' | 'unreadable';
export const isAlarm = (verdict: Verdict) => !['first', 'same', 'grown'].includes(verdict);

export interface Following {
  verdict: Verdict;
  earlier?: {size: number; root: string};
  head: Checkpoint | null;
  hashes: number; // of the proof
}

// Whether the signed head `later` continues the signed head `earlier`, by the log's own tiles.
export async function follow(earlier: {size: number; root: string} | undefined, note: string, keys: string[], read: ReadFile): Promise<Following> {
  const head = parseCheckpoint(note);
  if (!head) return {verdict: 'unreadable', head, hashes: 0, earlier};
  if (!signedByLog(await checkSignatures(head, await parseKeys(keys)))) return {verdict: 'unsigned', head, hashes: 0, earlier};
  if (!earlier) return {verdict: 'first', head, hashes: 0};
  const root = fromBase64(earlier.root);
  if (!root) return {verdict: 'unreadable', head, hashes: 0, earlier};
  if (head.size < earlier.size) return {verdict: 'shorter', head, hashes: 0, earlier};
  const hashes = await new Tiles(head.size, read).proof(earlier.size);
  const holds = await continues({size: earlier.size, root}, head, hashes);
  return {verdict: !holds ? 'contradicts' : head.size === earlier.size ? 'same' : 'grown', head, hashes: hashes.length, earlier};
}

export const headOf = (checkpoint: Checkpoint, note: string): SeenHead => ({size: checkpoint.size, root: toBase64(checkpoint.root), seen: new Date().toISOString(), note});
