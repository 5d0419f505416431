// RFC 6962 proofs and C2SP signed notes, verified here in the browser: the server's word is not asked for.
// Sources: RFC 9162 2.1.3.2 (the verification of inclusion), C2SP signed-note, tlog-checkpoint, tlog-cosignature.

type Bytes = Uint8Array<ArrayBuffer>;
export const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
export const toHex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
export const utf8 = (text: string): Bytes => new TextEncoder().encode(text) as Bytes;

function joined(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
const sha256 = async (...parts: Uint8Array[]): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest('SHA-256', joined(...parts)));
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, at) => byte === b[at]);

export const leafHash = (leaf: Uint8Array) => sha256(Uint8Array.of(0), leaf);
const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.of(1), left, right);

// The root that the proof leads to; null when the proof has the wrong length. Indexes are below 2^53.
export async function rootOf(index: number, size: number, leaf: Uint8Array, hashes: Uint8Array[]): Promise<Uint8Array | null> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return null;
  let at = index;
  let last = size - 1;
  let hash = leaf;
  const half = (value: number) => Math.floor(value / 2);
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

export interface VerifierKey {
  text: string;
  name: string;
  id: number;
  type: number; // 1: Ed25519, 4: cosignature
  key: Bytes;
}

// NAME+HEX(ID)+BASE64(TYPE || KEY); the ID is the beginning of SHA-256(NAME || \n || TYPE || KEY).
export async function parseKey(text: string): Promise<VerifierKey | null> {
  const parts = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim());
  if (!parts) return null;
  const [, name, hex, encoded] = parts as unknown as [string, string, string, string];
  const raw = fromBase64(encoded);
  const digest = await sha256(utf8(`${name}\n`), raw);
  if (toHex(digest.slice(0, 4)) !== hex) return null;
  return {text: text.trim(), name, id: Number.parseInt(hex, 16), type: raw[0] ?? 0, key: raw.slice(1)};
}

export interface Checkpoint {
  body: string;
  origin: string;
  size: number;
  root: Bytes;
  signatures: {name: string; id: number; bytes: Bytes}[];
}

export function parseCheckpoint(note: string): Checkpoint | null {
  const split = note.indexOf('\n\n');
  if (split < 0) return null;
  const body = note.slice(0, split + 1);
  const [origin, size, root] = body.split('\n');
  if (!origin || !size || !root || !/^(0|[1-9]\d{0,15})$/.test(size)) return null;
  const signatures = [];
  for (const line of note.slice(split + 2).split('\n')) {
    const parts = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/.exec(line);
    if (!parts) continue;
    const raw = fromBase64(parts[2] as string);
    if (raw.length < 5) continue;
    signatures.push({name: parts[1] as string, id: new DataView(raw.buffer).getUint32(0), bytes: raw.slice(4)});
  }
  return {body, origin, size: Number(size), root: fromBase64(root), signatures};
}

async function ed25519(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  const imported = await crypto.subtle.importKey('raw', key, {name: 'Ed25519'}, false, ['verify']);
  return crypto.subtle.verify({name: 'Ed25519'}, imported, signature, message);
}

export interface Signed {
  key: VerifierKey;
  holds: boolean;
  time?: Date; // of a cosignature
}

// The signatures of known keys, each checked.
export async function checkSignatures(checkpoint: Checkpoint, keys: VerifierKey[]): Promise<Signed[]> {
  const out: Signed[] = [];
  for (const key of keys) {
    for (const signature of checkpoint.signatures) {
      if (signature.name !== key.name || signature.id !== key.id) continue;
      if (key.type === 1) {
        out.push({key, holds: signature.bytes.length === 64 && (await ed25519(key.key, signature.bytes, utf8(checkpoint.body)))});
      } else if (key.type === 4 && signature.bytes.length === 72) {
        const seconds = Number(new DataView(signature.bytes.buffer, signature.bytes.byteOffset).getBigUint64(0));
        const message = utf8(`cosignature/v1\ntime ${seconds}\n${checkpoint.body}`);
        out.push({key, holds: await ed25519(key.key, signature.bytes.slice(8), message), time: new Date(seconds * 1000)});
      }
    }
  }
  return out;
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
  const root = checkpoint && (await rootOf(proof.index, checkpoint.size, leaf, proof.hashes.map(fromBase64)));
  const known = (await Promise.all(keys.map(parseKey))).filter((key): key is VerifierKey => key !== null);
  return {
    leaf: toHex(leaf),
    root: root ? toHex(root) : '',
    checkpoint,
    included: Boolean(checkpoint && root && same(root, checkpoint.root)),
    signed: checkpoint ? await checkSignatures(checkpoint, known) : [],
  };
}
