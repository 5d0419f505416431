// Heads that follow one another, by tiles as a log writes them (C2SP tlog-tiles).
import {createHash} from 'node:crypto';
import {describe, expect, it} from 'vitest';
import {toBase64} from '../../src/audit/bytes';
import {follow, isAlarm} from '../../src/audit/heads';
import {continues} from '../../src/audit/merkle';
import {tilePath, Tiles, tileWidth} from '../../src/audit/tiles';
import {signedNote} from './tree';

const sha = (...parts: Uint8Array[]) => new Uint8Array(parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest());
const node = (left: Uint8Array, right: Uint8Array) => sha(Uint8Array.of(1), left, right);
const leavesOf = (count: number, name = 'entry') => Array.from({length: count}, (_, at) => sha(Uint8Array.of(0), Buffer.from(`${name} ${at}`)));
function root(leaves: Uint8Array[], begin = 0, end = leaves.length): Uint8Array {
  if (end - begin === 1) return leaves[begin] as Uint8Array;
  let left = 1;
  while (left * 2 < end - begin) left *= 2;
  return node(root(leaves, begin, begin + left), root(leaves, begin + left, end));
}
// Every tile of the log, whole and partial.
function filesOf(leaves: Uint8Array[]) {
  const files = new Map<string, Uint8Array>();
  for (let level = 0, row = leaves; row.length > 0; level += 1) {
    const next: Uint8Array[] = [];
    for (let index = 0; index * 256 < row.length; index += 1) {
      const hashes = row.slice(index * 256, (index + 1) * 256);
      files.set(tilePath(level, index, hashes.length), Buffer.concat(hashes));
      if (hashes.length === 256) next.push(root(hashes));
    }
    row = next;
  }
  return files;
}
const reader = (files: Map<string, Uint8Array>) => (path: string) => Promise.resolve(files.get(path) ?? null);

describe('tiles', () => {
  it('have the paths of tlog-tiles', () => {
    expect(tilePath(0, 0, 256)).toBe('tile/0/000');
    expect(tilePath(1, 1_234_067, 3)).toBe('tile/1/x001/x234/067.p/3');
    expect([tileWidth(0, 0, 300), tileWidth(0, 1, 300), tileWidth(1, 0, 300), tileWidth(0, 2, 300)]).toEqual([256, 44, 1, 0]);
  });
  it('prove that a log of any size continues every earlier one', async () => {
    const leaves = leavesOf(66_000);
    const files = filesOf(leaves);
    const later = {size: leaves.length, root: root(leaves)};
    for (const size of [1, 2, 3, 255, 256, 257, 511, 512, 4_097, 65_535, 65_536, 65_537, 65_999, 66_000]) {
      const earlier = {size, root: root(leaves, 0, size)};
      const hashes = await new Tiles(later.size, reader(files)).proof(size);
      expect(await continues(earlier, later, hashes), `${size}`).toBe(true);
      expect(await continues({size, root: root(leaves, 0, Math.max(1, size - 1))}, later, hashes), `${size}`).toBe(size === 1);
    }
  });
  it('that grew meanwhile are read from the whole one', async () => {
    const leaves = leavesOf(300);
    const files = filesOf(leaves);
    const earlier = {size: 100, root: root(leaves, 0, 100)};
    const head = {size: 200, root: root(leaves, 0, 200)};
    expect(files.has('tile/0/000.p/200')).toBe(false);
    expect(await continues(earlier, head, await new Tiles(200, reader(files)).proof(100))).toBe(true);
  });
  it('that are missing or cut are no proof', async () => {
    await expect(new Tiles(300, () => Promise.resolve(null)).proof(100)).rejects.toThrow('tile/0/000');
    await expect(new Tiles(300, () => Promise.resolve(new Uint8Array(32))).proof(100)).rejects.toThrow('32 bytes');
  });
});

describe('a head', () => {
  const leaves = leavesOf(300);
  const rewritten = [...leaves.slice(0, 7), ...leavesOf(1, 'another'), ...leaves.slice(8)];
  const seen = (size: number, of = leaves) => ({size, root: toBase64(root(of, 0, size))});
  const now = async (of: Uint8Array[], size = of.length) => {
    const {note, keys} = await signedNote(size, root(of, 0, size));
    return {note, keys, read: reader(filesOf(of.slice(0, size)))};
  };
  it('that continues the last one is fine', async () => {
    const {note, keys, read} = await now(leaves);
    expect((await follow(undefined, note, keys, read)).verdict).toBe('first');
    expect((await follow(seen(300), note, keys, read)).verdict).toBe('same');
    expect(await follow(seen(129), note, keys, read)).toMatchObject({verdict: 'grown', earlier: {size: 129}});
  });
  it('of a ledger that was rewritten or cut is an alarm', async () => {
    const {note, keys, read} = await now(rewritten);
    for (const size of [8, 200, 300]) expect((await follow(seen(size), note, keys, read)).verdict).toBe('contradicts');
    expect((await follow(seen(7), note, keys, read)).verdict).toBe('grown');
    const cut = await now(leaves, 100);
    expect((await follow(seen(200), cut.note, cut.keys, cut.read)).verdict).toBe('shorter');
    expect([...(['contradicts', 'shorter', 'unsigned', 'unreadable'] as const)].every(isAlarm)).toBe(true);
  });
  it('that no known key signed is none', async () => {
    const {note, read} = await now(leaves);
    const stranger = await now(leaves);
    expect((await follow(seen(100), note, stranger.keys, read)).verdict).toBe('unsigned');
    expect((await follow(seen(100), 'x', stranger.keys, read)).verdict).toBe('unreadable');
  });
});
