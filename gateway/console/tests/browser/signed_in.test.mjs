// With a session from a real identity provider (oidc-provider): sign-in, live updates, uploads that break, personal tokens,
// a session that ends while somebody types.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, it} from 'node:test';
import {launch, Visitor} from './chromium.mjs';
import {Cities, prepare, python, root, until} from './cities.mjs';

const e2e = join(root, 'tests/e2e');
const audience = 'https://hetao.test';

// The provider's packages, where they can be had.
function modules() {
  const said = execFileSync('python3', ['-c', 'import identity; print(identity.modules() or "")'], {cwd: e2e, encoding: 'utf8'}).trim();
  return said.split('\n').pop() ?? '';
}

async function startProvider(folder, packages, redirect) {
  mkdirSync(folder);
  const config = join(folder, 'provider.json');
  const people = {chan: {tenant: 'hku', groups: ['submitter', 'data-owner']}, mak: {tenant: 'hku', groups: ['submitter']}};
  const clients = [{client_id: 'console', token_endpoint_auth_method: 'none', grant_types: ['authorization_code']}];
  writeFileSync(config, JSON.stringify({modules: packages, people, clients, algorithm: 'ES256', redirect_uris: [redirect], audience}));
  const child = spawn(process.execPath, [join(e2e, 'oidc/provider.mjs'), config], {stdio: ['pipe', 'pipe', 'ignore']});
  const port = await new Promise((heard, failed) => {
    child.stdout.once('data', (text) => heard(Number(String(text).trim())));
    child.once('exit', () => failed(new Error('the identity provider did not start')));
  });
  return {origin: `http://127.0.0.1:${port}`, stop: () => child.stdin.end()};
}

const packages = modules();
const cities = new Cities();
let browser;
let provider;

describe('with a session', {skip: packages ? false : 'oidc-provider needs node from 20 on, and npm’s registry or its cache'}, () => {
  before(async () => {
    cities.up();
    provider = await startProvider(join(cities.folder, 'provider'), packages, `${cities.url('hongkong')}/api/v1/sign-in/campus/callback`);
    const config = cities.env.HONGKONG_CONFIG;
    const issuer = `\n    - {name: campus, issuer: "${provider.origin}", audience: "${audience}", roles_claim: groups, tenants: [hku], sign_in: {client_id: console, title: Campus federation}}`;
    writeFileSync(config, readFileSync(config, 'utf8').replace('auth:\n  issuers:', `auth:\n  public_url: ${cities.url('hongkong')}\n  issuers:${issuer}`));
    await cities.stop('hongkong');
    await cities.start('hongkong');
    await prepare(cities);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    provider?.stop();
    cities.down();
  });

  async function signIn(page, person) {
    await page.getByRole('link', {name: 'Sign in with Campus federation'}).click();
    const login = page.locator('input[name="login"]');
    await login.waitFor();
    await login.fill(person);
    await page.locator('input[name="password"]').fill('any');
    await page.locator('button[type="submit"]').click();
    await page.locator('button[type="submit"]').click();
  }
  async function visit(what) {
    const visitor = await Visitor.come(browser, cities, 'hongkong', null);
    visitor.allowed = [provider.origin];
    try {
      await what(visitor.page, visitor);
    } catch (error) {
      if (process.env.HETAO_SHOT) await visitor.page.screenshot({path: process.env.HETAO_SHOT}).catch(() => undefined);
      error.message += `\n${visitor.breaches.join('\n')}`;
      throw error;
    }
    await visitor.leave();
  }

  it('one comes back to the page that was asked for, sees changes by themselves, and signs out', () =>
    visit(async (page, visitor) => {
      await visitor.go('/jobs?name=by-itself');
      await signIn(page, 'chan');
      await page.getByRole('heading', {name: 'Jobs', level: 1}).waitFor();
      assert.match(page.url(), /\/console\/jobs\?name=by-itself$/);
      await page.locator('.live.on').waitFor();
      assert.equal(await page.evaluate(() => document.cookie + (sessionStorage.getItem('hetao.token') ?? '')), '');
      const asked = [];
      page.on('request', (request) => request.url().includes('/api/v1/jobs') && asked.push(Date.now()));
      await cities.submit('hongkong', python('print(1)', {name: 'by-itself'}));
      await page.getByRole('link', {name: 'by-itself'}).waitFor({timeout: 10_000});
      await page.locator('.tag', {hasText: /^complete$/}).waitFor();
      assert.ok(asked.length > 0);
      await page.getByRole('button', {name: 'Sign out'}).click();
      await page.getByRole('heading', {name: 'Hetao console'}).waitFor();
      await page.reload();
      await page.getByRole('heading', {name: 'Hetao console'}).waitFor();
    }));

  it('an upload that breaks goes on where it was, and becomes an input', () =>
    visit(async (page, visitor) => {
      await visitor.go('/submit');
      await signIn(page, 'chan');
      const file = join(cities.folder, 'big.bin');
      writeFileSync(file, Buffer.alloc(9_000_000, 'x'));
      let pieces = 0;
      await page.route('**/api/v1/uploads/*', async (route) => {
        if (route.request().method() === 'PATCH' && (pieces += 1) === 2) await route.abort('connectionreset');
        else await route.continue();
      });
      await page.getByLabel('Upload a file').setInputFiles(file);
      await page.getByLabel('Where it comes from').waitFor();
      assert.match(await page.getByLabel('Where it comes from').inputValue(), /^upload:/);
      assert.ok(pieces >= 4, `${pieces} pieces were sent`);
      await page.getByLabel('Path in the job').fill('/data/big.bin');
      await page.getByLabel('Name', {exact: true}).fill('of-an-upload');
      await page.getByLabel('Command').fill(`python3 -c "import os; print('bytes', os.path.getsize('/data/big.bin'))"`);
      await page.getByLabel('Hong Kong', {exact: true}).check();
      await page.getByRole('button', {name: 'Submit'}).click();
      await page.getByRole('heading', {name: 'of-an-upload'}).waitFor();
      await page.getByRole('tab', {name: 'Logs'}).click();
      await page.locator('.log', {hasText: 'bytes 9000000'}).waitFor();
    }));

  it('an upload goes on after the page was left, when the same file is chosen again', () =>
    visit(async (page, visitor) => {
      await visitor.go('/submit');
      await signIn(page, 'chan');
      const file = join(cities.folder, 'later.bin');
      writeFileSync(file, Buffer.alloc(9_000_000, 'y'));
      const offsets = [];
      let cut = true;
      await page.route('**/api/v1/uploads/*', async (route) => {
        const piece = route.request().method() === 'PATCH';
        if (piece) offsets.push(Number(route.request().headers()['upload-offset']));
        if (piece && cut && offsets.length > 1) await route.abort('connectionreset');
        else await route.continue();
      });
      await page.getByLabel('Upload a file').setInputFiles(file);
      await page.getByText(/^later\.bin: 4\.2 MB \/ 9\.0 MB/).waitFor();
      await until(() => offsets.length > 1, 'the second piece is lost');
      cut = false;
      offsets.length = 0;
      await page.reload();
      await page.getByLabel('Upload a file').setInputFiles(file);
      await page.getByLabel('Where it comes from').waitFor();
      assert.deepEqual(offsets, [4_194_304, 8_388_608]);
    }));

  it('a personal token is shown once, works, and is revoked', () =>
    visit(async (page, visitor) => {
      await visitor.go('/me');
      await signIn(page, 'chan');
      await page.getByLabel('Name of the token').fill('laptop');
      await page.getByLabel('submitter:read').check();
      await page.getByRole('button', {name: 'Make a token'}).click();
      const text = (await page.locator('.note.good pre').innerText()).trim();
      const seen = await cities.ask('hongkong', null, 'GET', '/api/v1/jobs', undefined, {Authorization: `Bearer ${text}`});
      assert.equal(seen.status, 200);
      await page.locator('li', {hasText: 'laptop'}).getByRole('button', {name: 'Revoke'}).click();
      await page.locator('li', {hasText: 'laptop'}).getByRole('button', {name: 'Revoke'}).click();
      await until(async () => (await cities.ask('hongkong', null, 'GET', '/api/v1/jobs', undefined, {Authorization: `Bearer ${text}`})).status === 401, 'the token counts no more');
    }));

  it('that ends while somebody types asks to sign in again and keeps what was typed', () =>
    visit(async (page, visitor) => {
      await visitor.go('/submit');
      await signIn(page, 'mak');
      await page.getByLabel('Name', {exact: true}).fill('typed-before-the-end');
      // Ended elsewhere: the same person signs this session out from another window.
      await page.evaluate(async () => {
        const me = await (await fetch('/api/v1/whoami')).json();
        await fetch(`/api/v1/sessions/${me.session.id}`, {method: 'DELETE', headers: {'X-Hetao-CSRF': me.session.csrf, 'Content-Type': 'application/json'}});
      });
      const dialog = page.getByRole('dialog', {name: 'Please sign in again'});
      await dialog.waitFor();
      // The provider still knows the person, and asks nothing.
      await dialog.getByRole('link', {name: 'Sign in with Campus federation'}).click();
      await dialog.waitFor({state: 'detached'});
      await page.getByRole('heading', {name: 'New job'}).waitFor();
      assert.equal(await page.getByLabel('Name', {exact: true}).inputValue(), 'typed-before-the-end');
    }));
});
