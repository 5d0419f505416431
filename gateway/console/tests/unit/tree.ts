// Trees, paths and signed notes made by an independent, recursive reading of RFC 6962, with keys of their own.
import {toHex, utf8} from '../../src/audit/bytes';

export const sha = async (bytes: Uint8Array) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
export const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
export const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const split = (count: number) => {
  let k = 1;
  while (k * 2 < count) k *= 2;
  return k;
};
export async function root(leaves: Uint8Array[]): Promise<Uint8Array> {
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  const k = split(leaves.length);
  return sha(join(Uint8Array.of(1), await root(leaves.slice(0, k)), await root(leaves.slice(k))));
}
export async function path(at: number, leaves: Uint8Array[]): Promise<Uint8Array[]> {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  if (at < k) return [...(await path(at, leaves.slice(0, k))), await root(leaves.slice(k))];
  return [...(await path(at - k, leaves.slice(k))), await root(leaves.slice(0, k))];
}

export async function key(name: string, type: number) {
  const pair = (await crypto.subtle.generateKey({name: 'Ed25519'}, true, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = join(Uint8Array.of(type), new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
  const id = (await sha(join(utf8(`${name}\n`), raw))).slice(0, 4);
  const sign = async (text: string) => new Uint8Array(await crypto.subtle.sign({name: 'Ed25519'}, pair.privateKey, utf8(text)));
  return {name, vkey: `${name}+${toHex(id)}+${base64(raw)}`, id, sign};
}

export async function signedNote(size: number, head: Uint8Array) {
  const log = await key('shenzhen/ledger', 1);
  const witness = await key('hongkong/witness', 4);
  const body = `shenzhen/ledger\n${size}\n${base64(head)}\n`;
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, 1764150000n);
  const lines = [
    `\u2014 ${log.name} ${base64(join(log.id, await log.sign(body)))}`,
    `\u2014 ${witness.name} ${base64(join(witness.id, time, await witness.sign(`cosignature/v1\ntime 1764150000\n${body}`)))}`,
    '\u2014 somebody/else AAAAAAAAAAA=',
  ];
  return {note: `${body}\n${lines.join('\n')}\n`, keys: [log.vkey, witness.vkey]};
}
