// Proofs and signatures against an independent, recursive reading of RFC 6962 and keys that this test makes.
import {describe, expect, it} from 'vitest';
import {toHex, utf8} from '../../src/audit/bytes';
import {continues, leafHash, rootOf, verifyEntry} from '../../src/audit/merkle';
import {checkSignatures, parseCheckpoint, parseKey} from '../../src/audit/note';
import {base64, join, path, root, sha, signedNote} from './tree';

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

// RFC 9162 2.1.4.1, read literally.
async function consistency(earlier: number, leaves: Uint8Array[], whole = true): Promise<Uint8Array[]> {
  if (earlier === leaves.length) return whole ? [] : [await root(leaves)];
  let left = 1;
  while (left * 2 < leaves.length) left *= 2;
  if (earlier <= left) return [...(await consistency(earlier, leaves.slice(0, left), whole)), await root(leaves.slice(left))];
  return [...(await consistency(earlier - left, leaves.slice(left), false)), await root(leaves.slice(0, left))];
}

describe('consistency', () => {
  it('holds from every size to every later one up to 18, and not with anything changed', async () => {
    const leaves = await Promise.all(Array.from({length: 18}, (_, at) => leafHash(utf8(`entry ${at}`))));
    const roots = await Promise.all(leaves.map((_, at) => root(leaves.slice(0, at + 1))));
    const other = await sha(join(roots[3] as Uint8Array));
    for (let later = 1; later <= leaves.length; later += 1) {
      for (let earlier = 1; earlier <= later; earlier += 1) {
        const hashes = await consistency(earlier, leaves.slice(0, later));
        const [from, to] = [roots[earlier - 1] as Uint8Array, roots[later - 1] as Uint8Array];
        const holds = (a: Uint8Array, b: Uint8Array, of: Uint8Array[]) => continues({size: earlier, root: a}, {size: later, root: b}, of);
        expect(await holds(from, to, hashes)).toBe(true);
        expect(await holds(other, to, hashes)).toBe(false);
        expect(await holds(from, other, hashes)).toBe(false);
        expect(await holds(from, to, [...hashes, other])).toBe(false);
        if (hashes.length > 0) expect(await holds(from, to, hashes.slice(1))).toBe(false);
        for (let at = 0; at < hashes.length; at += 1) expect(await holds(from, to, hashes.map((hash, nth) => (nth === at ? other : hash)))).toBe(false);
      }
    }
  });
  it('holds for nothing that shrinks, and for no sizes that are none', async () => {
    const leaf = await leafHash(utf8('x'));
    expect(await continues({size: 2, root: leaf}, {size: 1, root: leaf}, [])).toBe(false);
    expect(await continues({size: 0.5, root: leaf}, {size: 1, root: leaf}, [])).toBe(false);
    expect(await continues({size: 0, root: leaf}, {size: 1, root: leaf}, [])).toBe(true);
    expect(await continues({size: 0, root: leaf}, {size: 1, root: leaf}, [leaf])).toBe(false);
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
    expect(await parseKey('a+00000000+A')).toBeNull();
  });

  it('reads no head that is none', () => {
    expect(parseCheckpoint('a\n1\n')).toBeNull();
    expect(parseCheckpoint('a\n01\nAA==\n\n')).toBeNull();
    expect(parseCheckpoint('a\n1\nA\n\n')).toBeNull();
  });
});
