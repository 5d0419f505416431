// Puts node_modules beside this file, as package-lock.json has it. The packages themselves lie in a cache outside of the
// tree, one folder a lock file, so that a fresh clone and a second tree need not install them again.
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync} from 'node:fs';
import {homedir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const files = ['package.json', 'package-lock.json', '.npmrc'];
const hash = createHash('sha256').update(process.version.split('.')[0]).update(process.arch);
for (const file of files) hash.update(readFileSync(join(here, file)));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'hetao');
const folder = join(cache, `console-${hash.digest('hex').slice(0, 16)}`);

function install() {
  mkdirSync(cache, {recursive: true});
  const fresh = mkdtempSync(join(cache, 'installing-'));
  try {
    for (const file of files) cpSync(join(here, file), join(fresh, file));
    execFileSync('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {cwd: fresh, stdio: 'inherit'});
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, {recursive: true, force: true});
    // Another build may have been quicker.
    if (!existsSync(join(folder, 'node_modules'))) throw error;
  }
}

if (!existsSync(join(folder, 'node_modules'))) install();
const link = join(here, 'node_modules');
const target = join(folder, 'node_modules');
const there = lstatSync(link, {throwIfNoEntry: false});
if (there && !there.isSymbolicLink()) process.exit(0); // somebody's own `npm install`
if (there && readlinkSync(link) === target) process.exit(0);
rmSync(link, {force: true});
symlinkSync(target, link);
