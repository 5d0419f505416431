// Consistency proofs made from the log's own tiles (C2SP tlog-tiles). The tiles are not trusted: what is made of them is
// verified against two signed heads (merkle.ts).
import {nodeHash} from './merkle';

const WIDTH = 256;
const HEIGHT = 8;
const HASH = 32;

// The bytes of a file of the log; null when there is none.
export type ReadFile = (path: string) => Promise<Uint8Array | null>;

// "tile/1/x001/234.p/17".
export function tilePath(level: number, index: number, width: number): string {
  const groups: string[] = [];
  for (let rest = index, first = true; first || rest > 0; rest = Math.floor(rest / 1000), first = false) groups.unshift(`${first ? '' : 'x'}${String(rest % 1000).padStart(3, '0')}`);
  return `tile/${level}/${groups.join('/')}${width === WIDTH ? '' : `.p/${width}`}`;
}

// Hashes that the tile has in a tree of this size.
export const tileWidth = (level: number, index: number, size: number): number => Math.min(WIDTH, Math.max(0, Math.floor(size / WIDTH ** level) - index * WIDTH));

const bitsBelow = (count: number) => {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
};

export class Tiles {
  private known = new Map<string, Promise<Uint8Array[]>>();
  constructor(
    private readonly size: number,
    private readonly read: ReadFile,
  ) {}

  private async load(level: number, index: number): Promise<Uint8Array[]> {
    const width = tileWidth(level, index, this.size);
    // A partial tile that is gone is the beginning of the whole one that it grew into.
    const bytes = (await this.read(tilePath(level, index, width))) ?? (width < WIDTH ? await this.read(tilePath(level, index, WIDTH)) : null);
    if (!bytes || bytes.length < width * HASH) throw new Error(`${tilePath(level, index, width)}: ${bytes?.length ?? 'no'} bytes`);
    return Array.from({length: width}, (_, at) => bytes.slice(at * HASH, (at + 1) * HASH));
  }
  private tile(level: number, index: number): Promise<Uint8Array[]> {
    const key = `${level}/${index}`;
    const found = this.known.get(key) ?? this.load(level, index);
    this.known.set(key, found);
    return found;
  }

  // The root of the entries from `begin`, `count` of them; `begin` is a multiple of the power of two above `count`.
  async hash(begin: number, count: number): Promise<Uint8Array> {
    const power = bitsBelow(count + 1);
    if (power !== count) {
      const left = bitsBelow(count);
      return nodeHash(await this.hash(begin, left), await this.hash(begin + left, count - left));
    }
    const height = Math.round(Math.log2(count));
    const level = Math.floor(height / HEIGHT);
    const many = 2 ** (height % HEIGHT);
    const first = begin / WIDTH ** level;
    const hashes = await this.tile(level, Math.floor(first / WIDTH));
    let row = hashes.slice(first % WIDTH, (first % WIDTH) + many);
    if (row.length !== many) throw new Error(`tile ${level}/${Math.floor(first / WIDTH)} is too short`);
    while (row.length > 1) row = await Promise.all(Array.from({length: row.length / 2}, (_, at) => nodeHash(row[2 * at] as Uint8Array, row[2 * at + 1] as Uint8Array)));
    return row[0] as Uint8Array;
  }

  // RFC 9162 2.1.4.1: that the first `earlier` entries are those that they were.
  proof(earlier: number): Promise<Uint8Array[]> {
    return earlier === 0 || earlier === this.size ? Promise.resolve([]) : this.sub(earlier, 0, this.size, true);
  }
  private async sub(earlier: number, begin: number, count: number, whole: boolean): Promise<Uint8Array[]> {
    if (earlier === count) return whole ? [] : [await this.hash(begin, count)];
    const left = bitsBelow(count);
    if (earlier <= left) return [...(await this.sub(earlier, begin, left, whole)), await this.hash(begin + left, count - left)];
    return [...(await this.sub(earlier - left, begin + left, count - left, false)), await this.hash(begin, left)];
  }
}
