// C2SP signed notes, their keys and signatures, checked here in the browser. Sources: C2SP signed-note,
// tlog-checkpoint, tlog-cosignature.
import {fromBase64, sha256, toHex, utf8, type Bytes} from './bytes';

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
  if (!raw) return null;
  const digest = await sha256(utf8(`${name}\n`), raw);
  if (toHex(digest.slice(0, 4)) !== hex) return null;
  return {text: text.trim(), name, id: Number.parseInt(hex, 16), type: raw[0] ?? 0, key: raw.slice(1)};
}
export const parseKeys = async (texts: string[]): Promise<VerifierKey[]> => (await Promise.all(texts.map(parseKey))).filter((key): key is VerifierKey => key !== null);

export interface Note {
  body: string; // what is signed, with its last line feed
  signatures: {name: string; id: number; bytes: Bytes}[];
}

// Text, an empty line, signatures. What follows a further empty line is not part of it.
export function parseNote(text: string): Note | null {
  const split = text.indexOf('\n\n');
  if (split < 0) return null;
  const signatures = [];
  for (const line of text.slice(split + 2).split('\n')) {
    if (line === '') break;
    const parts = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/.exec(line);
    const raw = parts && fromBase64(parts[2] as string);
    if (!parts || !raw || raw.length < 5) continue;
    signatures.push({name: parts[1] as string, id: new DataView(raw.buffer).getUint32(0), bytes: raw.slice(4)});
  }
  return {body: text.slice(0, split + 1), signatures};
}

export interface Checkpoint extends Note {
  origin: string;
  size: number;
  root: Bytes;
}

export function parseCheckpoint(text: string): Checkpoint | null {
  const note = parseNote(text);
  if (!note) return null;
  const [origin, size, encoded] = note.body.split('\n');
  const root = encoded ? fromBase64(encoded) : null;
  if (!origin || !size || !root || !/^(0|[1-9]\d{0,15})$/.test(size)) return null;
  return {...note, origin, size: Number(size), root};
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
export async function checkSignatures(note: Note, keys: VerifierKey[]): Promise<Signed[]> {
  const out: Signed[] = [];
  for (const key of keys) {
    for (const signature of note.signatures) {
      if (signature.name !== key.name || signature.id !== key.id) continue;
      if (key.type === 1) {
        out.push({key, holds: signature.bytes.length === 64 && (await ed25519(key.key, signature.bytes, utf8(note.body)))});
      } else if (key.type === 4 && signature.bytes.length === 72) {
        const seconds = Number(new DataView(signature.bytes.buffer, signature.bytes.byteOffset).getBigUint64(0));
        const message = utf8(`cosignature/v1\ntime ${seconds}\n${note.body}`);
        out.push({key, holds: await ed25519(key.key, signature.bytes.slice(8), message), time: new Date(seconds * 1000)});
      }
    }
  }
  return out;
}

// Signed by a key of the log itself, and by no such key wrongly.
export const signedByLog = (signed: Signed[]): boolean => {
  const own = signed.filter((one) => one.key.type === 1);
  return own.length > 0 && own.every((one) => one.holds);
};
