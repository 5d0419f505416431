// Proofs and signatures against an independent, recursive reading of RFC 6962 and keys that this test makes.
import {describe, expect, it} from 'vitest';
import {checkSignatures, leafHash, parseCheckpoint, parseKey, rootOf, toHex, utf8, verifyEntry} from '../../src/audit/merkle';

const sha = async (bytes: Uint8Array) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const split = (count: number) => {
  let k = 1;
  while (k * 2 < count) k *= 2;
  return k;
};
async function root(leaves: Uint8Array[]): Promise<Uint8Array> {
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  const k = split(leaves.length);
  return sha(join(Uint8Array.of(1), await root(leaves.slice(0, k)), await root(leaves.slice(k))));
}
async function path(at: number, leaves: Uint8Array[]): Promise<Uint8Array[]> {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  if (at < k) return [...(await path(at, leaves.slice(0, k))), await root(leaves.slice(k))];
  return [...(await path(at - k, leaves.slice(k))), await root(leaves.slice(0, k))];
}

async function key(name: string, type: number) {
  const pair = (await crypto.subtle.generateKey({name: 'Ed25519'}, true, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = join(Uint8Array.of(type), new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
  const id = (await sha(join(utf8(`${name}\n`), raw))).slice(0, 4);
  const sign = async (text: string) => new Uint8Array(await crypto.subtle.sign({name: 'Ed25519'}, pair.privateKey, utf8(text)));
  return {name, vkey: `${name}+${toHex(id)}+${base64(raw)}`, id, sign};
}

async function signedNote(size: number, head: Uint8Array) {
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

describe('inclusion', () => {
  it('holds for every entry of every size up to 13, and for no other', async () => {
    for (let size = 1; size <= 13; size += 1) {
      const leaves = await Promise.all(Array.from({length: size}, (_, at) => leafHash(utf8(`entry ${at}`))));
      const head = toHex(await root(leaves));
      for (let at = 0; at < size; at += 1) {
        const hashes = await path(at, leaves);
        const found = async (...of: Parameters<typeof rootOf>) => {
          const hash = await rootOf(...of);
          return hash && toHex(hash);
        };
        expect(await found(at, size, leaves[at] as Uint8Array, hashes)).toBe(head);
        expect(await found(at, size, await leafHash(utf8('another')), hashes)).not.toBe(head);
        expect(await found(at, size, leaves[at] as Uint8Array, [...hashes, leaves[0] as Uint8Array])).not.toBe(head);
        if (hashes.length > 0) expect(await found(at, size, leaves[at] as Uint8Array, hashes.slice(1))).not.toBe(head);
        if (size > 1) expect(await found((at + 1) % size, size, leaves[at] as Uint8Array, hashes)).not.toBe(head);
      }
    }
  });

  it('refuses what is no index', async () => {
    const leaf = await leafHash(utf8('x'));
    expect(await rootOf(1, 1, leaf, [])).toBeNull();
    expect(await rootOf(-1, 1, leaf, [])).toBeNull();
    expect(await rootOf(0.5, 2, leaf, [leaf])).toBeNull();
  });
});

describe('a whole proof', () => {
  const texts = Array.from({length: 5}, (_, at) => `{"sequence":${at}}`);
  const make = async () => {
    const leaves = await Promise.all(texts.map((text) => leafHash(utf8(text))));
    const {note, keys} = await signedNote(5, await root(leaves));
    return {proof: {index: 3, hashes: (await path(3, leaves)).map(base64), checkpoint: note}, keys};
  };

  it('holds, signed and cosigned', async () => {
    const {proof, keys} = await make();
    const done = await verifyEntry(texts[3] as string, proof, keys);
    expect(done.included).toBe(true);
    expect(done.signed.map((one) => one.holds)).toEqual([true, true]);
    expect(done.signed[1]?.time?.toISOString()).toBe('2025-11-26T09:40:00.000Z');
  });

  it('does not hold for other bytes', async () => {
    const {proof, keys} = await make();
    expect((await verifyEntry(`${texts[3]} `, proof, keys)).included).toBe(false);
  });

  it('is not signed when the head was touched', async () => {
    const {proof, keys} = await make();
    const touched = proof.checkpoint.replace('\n5\n', '\n6\n');
    const checkpoint = parseCheckpoint(touched);
    const known = (await Promise.all(keys.map(parseKey))).map((each) => each!);
    expect((await checkSignatures(checkpoint!, known)).every((one) => !one.holds)).toBe(true);
  });

  it('is not signed by a key of the same name', async () => {
    const {proof} = await make();
    const {keys} = await make();
    expect((await verifyEntry(texts[3] as string, proof, keys)).signed).toEqual([]);
  });

  it('takes no key whose ID is not its own', async () => {
    const {keys} = await make();
    expect(await parseKey((keys[0] as string).replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toBeNull();
    expect(await parseKey('nonsense')).toBeNull();
  });

  it('reads no head that is none', () => {
    expect(parseCheckpoint('a\n1\n')).toBeNull();
    expect(parseCheckpoint('a\n01\nAA==\n\n')).toBeNull();
  });
});
