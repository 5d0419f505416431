// Debian's Chromium. Every page is watched: a breach of the content security policy, a script's error or a request to
// anywhere else is a failure of the test that saw it.
import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {chromium} from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function launch() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: apt-get install chromium (tests/packages.txt)`);
  return chromium.launch({executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb', '--font-render-hinting=none']});
}

export class Visitor {
  // As one person of one city; without a role nobody is signed in.
  static async come(browser, cities, city, role, {language = 'en', mode = 'light', width = 1360, height = 860, hasTouch = false} = {}) {
    const visitor = new Visitor();
    visitor.origin = cities.url(city);
    visitor.breaches = [];
    visitor.allowed = []; // other origins that a journey goes to: an identity provider
    visitor.context = await browser.newContext({ignoreHTTPSErrors: true, viewport: {width, height}, hasTouch, reducedMotion: 'reduce', colorScheme: mode === 'dark' ? 'dark' : 'light', locale: 'en-GB', timezoneId: 'America/Sao_Paulo', acceptDownloads: true});
    await visitor.context.addInitScript(
      ([token, lang, colours]) => {
        if (!sessionStorage.getItem('hetao.visited')) {
          sessionStorage.setItem('hetao.visited', '1');
          if (token) sessionStorage.setItem('hetao.token', token);
        }
        if (!localStorage.getItem('hetao.language')) localStorage.setItem('hetao.language', lang);
        if (!localStorage.getItem('hetao.mode')) localStorage.setItem('hetao.mode', colours);
        document.addEventListener('securitypolicyviolation', (event) => console.error(`CSP breach: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
      },
      [role ? cities.token(city, role) : '', language, mode],
    );
    visitor.page = await visitor.context.newPage();
    visitor.page.setDefaultTimeout(90_000);
    visitor.page.on('pageerror', (error) => visitor.breaches.push(`error: ${error.message}`));
    visitor.page.on('console', (message) => {
      if (/CSP breach|Content Security Policy|Refused to/.test(message.text())) visitor.breaches.push(message.text());
    });
    const originOf = (url) => (/^https?:/.test(url) ? new URL(url).origin : '');
    visitor.page.on('request', (request) => {
      // What an identity provider's own page asks for is its own matter.
      if (visitor.allowed.includes(originOf(request.frame().url()))) return;
      if (!/^(data|blob):/.test(request.url()) && ![visitor.origin, ...visitor.allowed].includes(new URL(request.url()).origin)) visitor.breaches.push(`request to ${request.url()}`);
    });
    return visitor;
  }

  async go(path) {
    await this.page.goto(`${this.origin}/console${path}`);
    await this.page.locator('h1').first().waitFor();
  }
  // Nothing is being loaded any more, and the fonts are there.
  async still() {
    await this.page.waitForFunction(() => !document.querySelector('.waiting, [aria-busy="true"]'));
    await this.page.evaluate(() => document.fonts.ready);
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  async axe() {
    await this.page.evaluate(axeSource);
    const found = await this.page.evaluate(() => globalThis.axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']}));
    return found.violations.map((violation) => `${violation.id}: ${violation.help}\n${violation.nodes.slice(0, 5).map((node) => `    ${node.target.join(' ')}  ${node.any[0]?.message ?? ''}`).join('\n')}`);
  }
  // What the browser really fetched, compressed.
  loaded() {
    return this.page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .filter((entry) => new URL(entry.name).pathname.startsWith('/console/'))
        .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
    );
  }
  async leave() {
    await this.context.close();
    if (this.breaches.length > 0) throw new Error(this.breaches.join('\n'));
  }
}
