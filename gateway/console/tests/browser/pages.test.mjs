// Every page: WCAG AA by axe in light and dark, in all three languages, and what it loads first. HETAO_PICTURES=FOLDER
// keeps the handbook's pictures, with HETAO_PICTURES_OF=all every one; HETAO_PAGES=NAME,NAME looks at those alone.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {Visitor} from './chromium.mjs';
import {flowerJob, heldJob, until} from './cities.mjs';
import {setting} from './setting.mjs';

const pictures = process.env.HETAO_PICTURES ?? '';
let ids;
const {cities, browser} = setting(async (cities) => {
  const done = await cities.submit('shenzhen', flowerJob('flower-means'));
  await cities.state('shenzhen', done, 'complete');
  await cities.submit('hongkong', heldJob('tumour-sizes'));
  const review = await cities.review('shenzhen');
  await cities.json('hongkong', 'POLICY_ADMIN', 'POST', '/api/v1/mechanisms', {id: 'SC-2026-31', kind: 'gba-sc', exporter: 'szu', recipient: 'hku', status: 'effective', from: '2026-01-01', until: '2027-12-31'});
  const active = (await cities.json('hongkong', 'POLICY_ADMIN', 'GET', '/api/v1/policy')).digest;
  const {files} = await cities.json('hongkong', 'POLICY_ADMIN', 'GET', `/api/v1/policy/packs/${active}`);
  files['rules/99-ended.yaml'] = 'rules:\n  - id: X1\n    effect: forbid\n    title: {en: The project has ended, zh-Hans: 项目已结束, zh-Hant: 項目已結束}\n    basis: ["decision of the joint committee of 2026-11-20"]\n    when: {action: cross, data.tags: {contains: joint-lab-9}}\n';
  const proposal = await cities.json('hongkong', 'POLICY_ADMIN', 'POST', '/api/v1/policy/proposals', {files, reason: 'joint-lab-9 has ended'});
  const departed = await cities.json('shenzhen', 'AUDITOR', 'GET', '/api/v1/audit/entries?kind=arrived&limit=1');
  await cities.json('shenzhen', 'DATA_OWNER', 'POST', '/api/v1/datasets', {id: 'szu-buses', title: 'Bus delays', url: cities.write('shenzhen', 'buses.csv', 'bus,delay\n1,3\n'), access: 'request', labels: {'data.grade': 'public', 'data.personal': 'none', 'data.collected_in': 'mainland', 'data.subjects_ordinary': 0, 'data.subjects_sensitive': 0, 'genetic.data': false}});
  await until(async () => (await cities.ask('hongkong', 'SUBMITTER', 'GET', '/api/v1/datasets/szu-buses')).status === 200, 'Hong Kong hears of szu-buses');
  const asked = await cities.json('hongkong', 'SUBMITTER', 'POST', '/api/v1/datasets/szu-buses/access', {purpose: 'research', reason: 'delays along the border line', days: 30});
  await cities.json('hongkong', 'DATA_OWNER', 'POST', '/api/v1/projects', {id: 'transit-lab', title: 'Transit laboratory', purpose: 'research', region: 'shenzhen', tenant: 'szu'});
  await until(async () => (await cities.ask('shenzhen', 'DATA_OWNER', 'GET', '/api/v1/projects/transit-lab')).status === 200, 'Shenzhen is invited');
  await cities.json('shenzhen', 'DATA_OWNER', 'POST', '/api/v1/projects/transit-lab/accept', {});
  await cities.json('shenzhen', 'DATA_OWNER', 'POST', '/api/v1/projects/transit-lab/grant', {dataset: 'szu-buses', days: 365});
  await cities.json('shenzhen', 'DATA_OWNER', 'POST', '/api/v1/projects/transit-lab/budget', {cny: '5000'});
  const person = (await cities.json('shenzhen', 'AUDITOR', 'GET', '/api/v1/audit/people')).people.find((one) => one.name.startsWith('szu/'));
  ids = {done, asked: asked.id, review: review.id, proposal: proposal.id, entry: departed.entries[0].sequence, person: person.name, month: new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7)};
});

const all = () => [
  ['overview', 'shenzhen', 'OPERATOR', '/'],
  ['network', 'hongkong', 'OPERATOR', '/network'],
  ['platforms', 'hongkong', 'OPERATOR', '/platforms'],
  ['tenants', 'shenzhen', 'OPERATOR', '/tenants'],
  ['usage', 'shenzhen', 'OPERATOR', '/usage'],
  ['me', 'shenzhen', 'SUBMITTER', '/me'],
  ['jobs', 'shenzhen', 'SUBMITTER', '/jobs'],
  ['job', 'shenzhen', 'SUBMITTER', `/jobs/${ids.done}`],
  ['job-crossings', 'shenzhen', 'SUBMITTER', `/jobs/${ids.done}?tab=crossings`],
  ['job-logs', 'shenzhen', 'SUBMITTER', `/jobs/${ids.done}?tab=logs`],
  ['job-results', 'shenzhen', 'SUBMITTER', `/jobs/${ids.done}?tab=results`],
  ['submit', 'hongkong', 'SUBMITTER', '/submit'],
  ['submit-yaml', 'hongkong', 'SUBMITTER', '/submit?as=yaml'],
  ['data', 'hongkong', 'SUBMITTER', '/data'],
  ['dataset', 'hongkong', 'SUBMITTER', '/data?id=szu-tumour-40'],
  ['dataset-on-request', 'hongkong', 'SUBMITTER', '/data?id=szu-buses'],
  ['requests', 'shenzhen', 'DATA_OWNER', '/data/requests'],
  ['request', 'shenzhen', 'DATA_OWNER', `/data/requests?id=${ids.asked}`],
  ['projects', 'hongkong', 'DATA_OWNER', '/projects'],
  ['project-new', 'hongkong', 'DATA_OWNER', '/projects?new=1'],
  ['project', 'shenzhen', 'DATA_OWNER', '/projects/transit-lab'],
  ['reviews', 'shenzhen', 'REVIEWER', '/reviews'],
  ['review', 'shenzhen', 'REVIEWER', `/reviews/${ids.review}`],
  ['policy', 'hongkong', 'POLICY_ADMIN', '/policy'],
  ['policy-edit', 'hongkong', 'POLICY_ADMIN', '/policy/edit?file=rules/20-secrecy-and-sovereignty.yaml'],
  ['policy-import', 'hongkong', 'POLICY_ADMIN', '/policy/import'],
  ['policy-changes', 'hongkong', 'POLICY_ADMIN', '/policy/changes'],
  ['proposal', 'hongkong', 'POLICY_ADMIN2', `/policy/changes/${ids.proposal}`],
  ['counters', 'shenzhen', 'POLICY_ADMIN', '/policy/counters'],
  ['filings', 'hongkong', 'POLICY_ADMIN', '/policy/filings'],
  ['filing', 'hongkong', 'POLICY_ADMIN', '/policy/filings?new=1'],
  ['audit', 'shenzhen', 'AUDITOR', '/audit?kind=decision'],
  ['entry', 'shenzhen', 'AUDITOR', `/audit/entries/${ids.entry}`],
  ['story', 'shenzhen', 'AUDITOR', `/audit/story?job=${ids.done}`],
  ['head', 'shenzhen', 'AUDITOR', '/audit/head'],
  ['statements', 'shenzhen', 'AUDITOR', `/audit/statements?tenant=szu&month=${ids.month}`],
  ['people', 'shenzhen', 'AUDITOR', '/audit/people'],
  ['person', 'shenzhen', 'AUDITOR', `/audit/people?name=${encodeURIComponent(ids.person)}`],
  ['reconcile', 'shenzhen', 'AUDITOR', '/audit/reconcile'],
  ['nothing', 'shenzhen', 'AUDITOR', '/there/is/none'],
  ['sign-in', 'hongkong', null, '/'],
];
// In the handbook: which page, in which language and colours.
const kept = {overview: ['en', 'light'], job: ['zh-Hans', 'light'], submit: ['zh-Hant', 'light'], review: ['en', 'light'], 'policy-edit': ['en', 'dark'], story: ['zh-Hans', 'dark'], entry: ['en', 'light'], head: ['en', 'light'], tenants: ['zh-Hant', 'light']};

// As wide as a phone, nothing has to be scrolled sideways but tables in their boxes.
async function onAPhone(name, visitor, found) {
  const {page} = visitor;
  const size = page.viewportSize();
  await page.setViewportSize({width: 375, height: 720});
  await visitor.still();
  const over = await page.evaluate(() => {
    const main = document.querySelector('main');
    return Math.max(main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - document.documentElement.clientWidth);
  });
  if (over > 0) found.violations.push(`${name}: ${over} pixels wider than a phone`);
  await page.setViewportSize(size);
}

// One visit, looked at in light and then in dark: the page follows the system's colours.
async function look([name, city, role, path], language, found) {
  const visitor = await Visitor.come(browser(), cities, city, role, {language, mode: 'system'});
  try {
    await visitor.go(path);
    await visitor.still();
    if (name === 'entry') await visitor.page.locator('.proof-steps').waitFor();
    if (name === 'overview') await visitor.page.locator('.chart canvas').waitFor();
    if (name === 'submit') await visitor.page.locator('.candidate').first().waitFor();
    if (name.includes('edit') || name.includes('yaml')) await visitor.page.locator('.cm-content').waitFor();
    if (name === 'head' || name === 'statements') await visitor.page.locator('.note.good').first().waitFor();
    if (['dataset', 'dataset-on-request', 'request', 'project-new', 'filing', 'person'].includes(name)) await visitor.page.getByRole('dialog').waitFor();
    found.loads[name] = await visitor.loaded();
    await onAPhone(name, visitor, found);
    for (const mode of ['light', 'dark']) {
      await visitor.page.emulateMedia({colorScheme: mode, reducedMotion: 'reduce'});
      await visitor.page.locator(`html[data-mode="${mode}"]`).waitFor();
      await visitor.still();
      const wrong = await visitor.axe();
      found.checks += 1;
      if (wrong.length > 0) found.violations.push(`${name} (${language}, ${mode}):\n  ${wrong.join('\n  ')}`);
      const every = process.env.HETAO_PICTURES_OF === 'all';
      if (pictures && (every || kept[name]?.[1] === mode)) {
        mkdirSync(pictures, {recursive: true});
        await visitor.page.screenshot({path: join(pictures, every ? `${name}-${language}-${mode}.png` : `${name}.png`)});
      }
    }
  } catch (error) {
    error.message = `${name} (${language}): ${error.message}\n${visitor.breaches.join('\n')}`;
    throw error;
  }
  await visitor.leave();
}

describe('pages', () => {
  it('meet WCAG AA by axe, in light and dark', async (test) => {
    const found = {violations: [], loads: {}, checks: 0};
    const languages = ['en', 'zh-Hant', 'zh-Hans'];
    const only = process.env.HETAO_PAGES?.split(',');
    for (const [turn, page] of all().entries()) if (!only || only.includes(page[0])) await look(page, kept[page[0]]?.[0] ?? languages[turn % 3], found);
    test.diagnostic(`axe: ${found.checks} views of ${Object.keys(found.loads).length} pages, ${found.violations.length} with violations`);
    test.diagnostic(`first load, kB over the wire: ${Object.entries(found.loads).map(([name, bytes]) => `${name} ${(bytes / 1000).toFixed(0)}`).join(', ')}`);
    assert.deepEqual(found.violations, []);
    for (const [name, bytes] of Object.entries(found.loads)) assert.ok(bytes < 300_000, `${name} loads ${bytes} bytes first`);
  });
});
