import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build as bundle} from 'esbuild';
import {defineConfig, type Plugin} from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The libraries write their styles into <style> elements, which the content security policy forbids. Whatever they
// import for that is replaced by src/shell/styles.ts, which uses constructed style sheets.
function constructedStyles(): Plugin {
  const replaced = /@rc-component\/util\/es\/Dom\/dynamicCSS\.js$|@ant-design\/icons\/es\/cssUtils\.js$/;
  return {
    name: 'constructed-styles',
    enforce: 'pre',
    load: (id) => (replaced.test(id) ? `export * from ${JSON.stringify(here('src/shell/styles.ts'))};` : null),
  };
}

// virtual:words/LANGUAGE is that column of src/words/table.ts.
function wordColumns(): Plugin {
  return {
    name: 'word-columns',
    resolveId: (id) => (id.startsWith('virtual:words/') ? `\0${id}` : null),
    async load(id) {
      if (!id.startsWith('\0virtual:words/')) return null;
      for (const file of readdirSync(here('src/words'))) this.addWatchFile(here(`src/words/${file}`));
      const built = await bundle({entryPoints: [here('src/words/table.ts')], bundle: true, format: 'esm', write: false});
      const code = built.outputFiles[0]?.text ?? '';
      const table = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as typeof import('./src/words/table');
      const column = table.columns[id.split('/').pop() as keyof typeof table.columns];
      return `export default ${JSON.stringify(Object.fromEntries(Object.entries(table.rows).map(([key, row]) => [key, row[column]])))};`;
    },
  };
}

// licences.txt: the terms of every package that is in the bundle, as they ask to be passed on.
function licences(): Plugin {
  return {
    name: 'licences',
    generateBundle() {
      const folders = new Set<string>();
      for (const id of this.getModuleIds()) {
        const found = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
        if (found) folders.add(found);
      }
      const texts = [...folders].sort().map((folder) => {
        const {name, version, license} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
        const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
        return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : ''}\n`;
      });
      this.emitFile({type: 'asset', fileName: 'licences.txt', source: `The console contains these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`});
    },
  };
}

export default defineConfig({
  root: here('.'),
  base: '/console/',
  cacheDir: process.env.HETAO_CONSOLE_CACHE ?? 'node_modules/.vite',
  plugins: [constructedStyles(), wordColumns(), licences()],
  build: {
    target: 'es2022',
    manifest: true,
    modulePreload: {polyfill: false},
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    reportCompressedSize: false,
    rollupOptions: {
      output: {manualChunks: (id) => (/node_modules\/(react|react-dom|scheduler)\//.test(id) ? 'react' : undefined)},
    },
  },
  // In development the API is a running gateway's: HETAO_GATEWAY=https://127.0.0.1:PORT npm run dev
  server: process.env.HETAO_GATEWAY
    ? {proxy: Object.fromEntries(['/api', '/log'].map((path) => [path, {target: process.env.HETAO_GATEWAY, secure: false}]))}
    : {},
  test: {environment: 'node', include: ['tests/unit/**/*.test.ts'], setupFiles: ['tests/unit/setup.ts'], pool: 'threads', testTimeout: 60_000},
} as Parameters<typeof defineConfig>[0]);
