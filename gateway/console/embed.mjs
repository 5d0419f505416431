// usage: embed.mjs DIST OUT
// Makes C++ of what `vite build` left in DIST: OUT/assets.bin with all bytes, OUT/assets_table.cpp with the table and an
// .incbin of them.
import {createHash} from 'node:crypto';
import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {extname, join} from 'node:path';
import {gzipSync} from 'node:zlib';

const [dist, out] = process.argv.slice(2);
const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

function filesBelow(folder, prefix = '') {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name.startsWith('.')) return []; // .vite/manifest.json is for tests
    return statSync(path).isDirectory() ? filesBelow(path, `${prefix}${name}/`) : [`${prefix}${name}`];
  });
}

const pieces = [];
let at = 0;
function put(bytes) {
  pieces.push(bytes);
  at += bytes.length;
  return {offset: at - bytes.length, size: bytes.length};
}

const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const rows = filesBelow(dist)
  .sort(byBytes)
  .map((path) => {
    const type = types[extname(path)];
    if (!type) throw new Error(`${path}: no Content-Type is known for it (embed.mjs)`);
    const bytes = readFileSync(join(dist, path));
    const packed = gzipSync(bytes, {level: 9});
    const whole = put(bytes);
    const small = packed.length < 0.95 * bytes.length ? put(packed) : {offset: 0, size: 0};
    const etag = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
    return `    {"${path}", "${type}", part(${whole.offset}, ${whole.size}), part(${small.offset}, ${small.size}), "\\"${etag}\\"", ${path.startsWith('assets/')}},`;
  });

writeFileSync(join(out, 'assets.bin'), Buffer.concat(pieces));
writeFileSync(
  join(out, 'assets_table.cpp'),
  `// Made by gateway/console/embed.mjs.
#include "gateway/console/assets.h"

__asm__(
    ".section .rodata\\n"
    ".global hetao_console_assets\\n"
    "hetao_console_assets:\\n"
    ".incbin \\"${join(out, 'assets.bin')}\\"\\n"
    ".byte 0\\n"
    ".text\\n");
extern "C" const char hetao_console_assets[];

namespace hetao::console {

namespace {

std::string_view part(size_t offset, size_t size) {
  return {hetao_console_assets + offset, size};
}

}  // namespace

std::span<const Asset> assets() {
  static const Asset kAll[] = {
${rows.join('\n')}
  };
  return kAll;
}

}  // namespace hetao::console
`,
);
console.log(`console: ${rows.length} files, ${at} bytes`);
