// What a page loads first stays below 300 kB, compressed: read from what was built.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {describe, expect, it} from 'vitest';

const dist = process.env.HETAO_CONSOLE_DIST ?? join(__dirname, '../../dist');
const limit = 300_000;
interface Chunk {
  file: string;
  src?: string;
  isEntry?: boolean;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
}
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>;

// What comes when somebody opens it, and not with the page.
const opened = /reason_dialog|sheet\.tsx|sign_in|locale/;
// Shown at once by these pages; elsewhere only when it is chosen.
const atOnce: [page: RegExp, comes: RegExp][] = [
  [/overview\/page/, /echarts/],
  [/policy\/edit/, /editor/],
  [/submit/, /form/],
];

function closure(name: string, follow: (chunk: string) => boolean, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  const chunk = manifest[name] as Chunk;
  for (const next of chunk.imports ?? []) closure(next, follow, seen);
  for (const next of (chunk.dynamicImports ?? []).filter(follow)) closure(next, follow, seen);
  return seen;
}
const sizes = (names: Set<string>) =>
  [...new Set([...names].flatMap((name) => [manifest[name]?.file ?? '', ...(manifest[name]?.css ?? [])]))].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file)), {level: 9}).length, 0);

const entry = Object.keys(manifest).find((name) => manifest[name]?.isEntry) as string;
const pages = (manifest[entry]?.dynamicImports ?? []).filter((name) => !/virtual:words|sign_in/.test(name));

describe('first load', () => {
  it('knows all pages', () => expect(pages.length).toBeGreaterThanOrEqual(20));
  it.each(pages)('%s', (page) => {
    const words = Math.max(...Object.keys(manifest).filter((name) => name.includes('virtual:words')).map((name) => sizes(new Set([name]))));
    const now = atOnce.find(([of]) => of.test(page))?.[1];
    const all = new Set([...closure(entry, () => false), ...closure(page, (name) => !opened.test(name) && Boolean(now?.test(name)))]);
    const total = sizes(all) + words + gzipSync(readFileSync(join(dist, 'index.html'))).length;
    console.log(`first load ${page}: ${(total / 1000).toFixed(1)} kB gzip`);
    expect(total).toBeLessThan(limit);
  });
});

describe('the lock file', () => {
  it('names no address to fetch from', () => {
    const lock = JSON.parse(readFileSync(join(__dirname, '../../package-lock.json'), 'utf8')) as {packages: Record<string, {resolved?: string}>};
    expect(Object.entries(lock.packages).filter(([, each]) => each.resolved)).toEqual([]);
  });
});
