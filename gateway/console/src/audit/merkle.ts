// RFC 6962 proofs, verified here in the browser: the server's word is not asked for. Source: RFC 9162 2.1.3.2
// (inclusion) and 2.1.4.2 (consistency). Indexes and sizes are below 2^53.
import {fromBase64, sameBytes, sha256, toHex, utf8} from './bytes';
import {checkSignatures, parseCheckpoint, parseKeys, type Checkpoint, type Signed} from './note';

export const leafHash = (leaf: Uint8Array) => sha256(Uint8Array.of(0), leaf);
export const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.of(1), left, right);
const half = (value: number) => Math.floor(value / 2);

// The root that the proof leads to; null when the proof has the wrong length.
export async function rootOf(index: number, size: number, leaf: Uint8Array, hashes: Uint8Array[]): Promise<Uint8Array | null> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return null;
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const next of hashes) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      hash = await nodeHash(next, hash);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      hash = await nodeHash(hash, next);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 ? hash : null;
}

export interface Head {
  size: number;
  root: Uint8Array;
}

// Whether the tree of `later` begins with the tree of `earlier`: nothing that was there is gone or changed.
export async function continues(earlier: Head, later: Head, hashes: Uint8Array[]): Promise<boolean> {
  if (!Number.isSafeInteger(earlier.size) || !Number.isSafeInteger(later.size) || earlier.size < 0 || earlier.size > later.size) return false;
  if (earlier.size === later.size) return hashes.length === 0 && sameBytes(earlier.root, later.root);
  if (earlier.size === 0) return hashes.length === 0;
  let at = earlier.size - 1;
  let last = later.size - 1;
  while (at % 2 === 1) {
    at = half(at);
    last = half(last);
  }
  // A whole tree is itself the first hash of its proof.
  const [first, ...rest] = at === 0 ? [earlier.root, ...hashes] : hashes;
  if (!first) return false;
  let before = first;
  let after = first;
  for (const next of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      before = await nodeHash(next, before);
      after = await nodeHash(next, after);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      after = await nodeHash(after, next);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && sameBytes(before, earlier.root) && sameBytes(after, later.root);
}

export interface Verification {
  leaf: string;
  root: string;
  checkpoint: Checkpoint | null;
  included: boolean;
  signed: Signed[];
}

export async function verifyEntry(text: string, proof: {index: number; hashes: string[]; checkpoint: string}, keys: string[]): Promise<Verification> {
  const leaf = await leafHash(utf8(text));
  const checkpoint = parseCheckpoint(proof.checkpoint);
  const hashes = proof.hashes.map(fromBase64).filter((hash) => hash !== null);
  const root = checkpoint && (await rootOf(proof.index, checkpoint.size, leaf, hashes));
  return {
    leaf: toHex(leaf),
    root: root ? toHex(root) : '',
    checkpoint,
    included: Boolean(checkpoint && root && sameBytes(root, checkpoint.root)),
    signed: checkpoint ? await checkSignatures(checkpoint, await parseKeys(keys)) : [],
  };
}
