// The journeys of those who watch over it all: auditors, policy administrators, operators.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {cpSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, it} from 'node:test';
import {flowerJob, python, root, until} from './cities.mjs';
import {setting} from './setting.mjs';

const {cities, visit} = setting();

describe('auditor', () => {
  it('searches, reads the story in both books, verifies a proof here, takes evidence away', async () => {
    const id = await cities.submit('shenzhen', flowerJob('audited'));
    await cities.state('shenzhen', id, 'complete');
    await visit('shenzhen', 'AUDITOR', async (page, visitor) => {
      await visitor.go('/audit');
      await page.getByLabel('Kind').selectOption('arrived');
      await page.getByRole('button', {name: 'Search'}).click();
      await page.waitForURL(/kind=arrived/);
      await page.getByRole('cell', {name: 'arrived'}).first().waitFor();
      const [evidence] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: 'evidence'}).click()]);
      execFileSync(new URL('../../../../build/bin/hetao', import.meta.url).pathname, ['audit', 'verify', await evidence.path()], {stdio: 'pipe'});

      await visitor.go(`/audit/story?job=${id}`);
      await page.getByText('same digest and size').first().waitFor();
      assert.ok((await page.locator('.book-entry', {hasText: 'departed'}).count()) > 0);
      assert.ok((await page.locator('.book-entry', {hasText: 'arrived'}).count()) > 0);

      await page.locator('.book-entry a').first().click();
      await page.getByText('The proof holds.').waitFor();
      await page.getByText('The head is signed by').waitFor();

      await visitor.go('/audit/reconcile');
      await page.locator('.tag', {hasText: /^agree$/}).first().waitFor();
      await page.locator('.tag', {hasText: /^cosigned$/}).first().waitFor();
    });
  });

  it('is not fooled by a gateway that shows another entry, or other keys', () =>
    visit('shenzhen', 'AUDITOR', async (page, visitor) => {
      await page.route('**/api/v1/audit/entries/1', async (route) => {
        const answer = await route.fetch();
        const body = await answer.json();
        body.text = body.text.replace('"region":"shenzhen"', '"region":"shenzhem"');
        await route.fulfill({response: answer, json: body});
      });
      await visitor.go('/audit/entries/1');
      await page.getByText('The proof does not hold.').waitFor();
      await page.unroute('**/api/v1/audit/entries/1');
      await visitor.go('/audit/entries/2');
      await page.getByText('The proof holds.').waitFor();
      await page.evaluate(() => localStorage.setItem('hetao.ledgerKeys', JSON.stringify({shenzhen: ['somebody+00000000+AAAA']})));
      await page.reload();
      await page.getByText('The gateway shows other keys').waitFor();
      await page.getByText('The proof does not hold.').waitFor();
    }));

  it('has every head prove that it continues the one before, and is told of a ledger that was rewritten or cut', () =>
    visit('shenzhen', 'AUDITOR', async (page, visitor) => {
      await visitor.go('/audit/head');
      await page.getByText('Seen for the first time').waitFor();
      await page.getByText('The head is signed by').waitFor();
      const older = await page.evaluate(() => JSON.parse(localStorage.getItem('hetao.ledgerHeads')).shenzhen);
      await cities.state('shenzhen', await cities.submit('shenzhen', python('print(1)')), 'complete');
      await until(async () => {
        await page.reload();
        await page.locator('.note.good').first().waitFor();
        return (await page.locator('.note.good').first().innerText()).startsWith('It continues the head of');
      }, 'the ledger has grown');
      // A head from elsewhere, such as an evidence file.
      await page.getByLabel('A signed head').fill(older.note);
      await page.getByRole('button', {name: 'Is it contained?'}).click();
      await page.getByText(/^Contained: the \d+ entries are the first of today’s \d+/).waitFor();
      await page.getByLabel('A signed head').fill(older.note.replace(/\n\d+\n/, '\n7\n'));
      await page.getByRole('button', {name: 'Is it contained?'}).click();
      await page.getByText('This is no head that a trusted key signed.').waitFor();
      // What this browser saw contradicts what it is shown: once another root, once more entries.
      const pretend = async (change) => {
        await page.evaluate(([head, other]) => localStorage.setItem('hetao.ledgerHeads', JSON.stringify({shenzhen: {...head, ...other}})), [older, change]);
        await page.reload();
      };
      await pretend({root: btoa('x'.repeat(32))});
      await page.getByRole('alert').filter({hasText: 'it was rewritten'}).waitFor();
      await pretend({size: 1_000_000});
      await page.getByRole('alert').filter({hasText: 'Something was cut.'}).waitFor();
      // The alarm stays, and stands beside every proof too.
      await visitor.go('/audit/entries/1');
      await page.getByText('The proof holds.').waitFor();
      await page.getByRole('alert').filter({hasText: 'Something was cut.'}).waitFor();
    }));

  it('has a tenant’s month signed, checks it here, and one that was changed', () =>
    visit('shenzhen', 'AUDITOR', async (page, visitor) => {
      const month = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7);
      await visitor.go('/audit/statements');
      await page.getByLabel('Tenant').fill('szu');
      await page.getByLabel('Month').fill(month);
      await page.getByRole('button', {name: 'Make it'}).click();
      await page.getByText('The signature holds.').waitFor();
      assert.match(page.url(), new RegExp(`tenant=szu&month=${month}`));
      await page.getByText('Jobs completed').waitFor();
      const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: 'Save it'}).click()]);
      const text = readFileSync(await saved.path(), 'utf8');
      assert.match(text, /^hetao-statement\/1\nregion shenzhen\ntenant szu\n/);
      await page.getByLabel('Its whole text').fill(text.replace(/departed \d+/, 'departed 999'));
      await page.getByText('The signature does not hold.').waitFor();
      await page.getByLabel('Its whole text').fill(text);
      await page.getByText('The signature does not hold.').waitFor({state: 'detached'});
    }));

  it('lifts the veil of a name with a reason, which stands in the ledger', () =>
    visit('shenzhen', 'AUDITOR', async (page, visitor) => {
      await visitor.go('/audit/people?q=szu/');
      await page.getByRole('table').getByRole('link').first().click();
      const sheet = page.getByRole('dialog').first();
      await sheet.getByRole('button', {name: 'Show who it is'}).click();
      const asked = page.getByRole('dialog', {name: /Show who it is/});
      assert.equal(await asked.getByRole('button', {name: 'Show who it is'}).isDisabled(), true);
      await asked.getByLabel('Reason').fill('request of the data protection officer');
      await asked.getByRole('button', {name: 'Show who it is'}).click();
      await sheet.getByText(/^(researcher|owner)$/).waitFor();
      await visitor.go('/audit?kind=audit-access');
      await page.getByRole('cell', {name: 'request of the data protection officer'}).waitFor();
      // Nothing of it is kept: the page knows the ledger's name alone again.
      await page.goBack();
      await page.getByRole('dialog').first().waitFor();
      assert.equal(await page.getByText('Who it is. Shown on this page alone').count(), 0);
    }));
});

describe('policy administrator', () => {
  it('edits with lint and tests, sees what would change, proposes; another approves; it comes into force and goes again', async () => {
    // There are decisions to be made again.
    await cities.state('shenzhen', await cities.submit('shenzhen', flowerJob('decided')), 'complete');
    await visit('hongkong', 'POLICY_ADMIN', async (page, visitor) => {
      await visitor.go('/policy/edit');
      await page.getByLabel('New file').fill('rules/99-ended.yaml');
      await page.getByLabel('New file').press('Enter');
      const editor = page.getByRole('textbox', {name: 'rules/99-ended.yaml'});
      const type = async (text) => {
        await editor.click();
        await page.keyboard.press('Control+a');
        await page.keyboard.insertText(text);
      };
      // A mistake is found as it is typed, with its place.
      await type('rules:\n  - id: X1\n    effect: forbidden\n');
      await page.locator('.note.bad', {hasText: 'rules/99-ended.yaml'}).first().waitFor();
      assert.equal(await page.getByRole('button', {name: 'Propose'}).isDisabled(), true);
      await type('rules:\n  - id: X1\n    effect: forbid\n    title: {en: The project has ended, zh-Hans: 项目已结束, zh-Hant: 項目已結束}\n    basis: ["decision of the joint committee"]\n    when: {action: cross, data.tags: {contains: joint-lab-9}}\n');
      await page.getByRole('tab', {name: 'What would change'}).click();
      await page.locator('.case .condition', {hasText: 'data.tags'}).first().waitFor();
      await page.getByRole('tab', {name: 'Tests'}).click();
      await page.getByText(/All \d+ tests pass\./).waitFor();
      await page.getByText('Rules without a test:').waitFor();
      await page.getByRole('tab', {name: 'Last 30 days'}).click();
      await page.getByRole('button', {name: 'Decide the last 30 days again'}).click();
      await page.getByText(/\d+ of \d+ decisions could be made again\./).waitFor();
      await page.locator('.chart canvas').waitFor();
      await page.getByRole('button', {name: 'Propose'}).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('joint-lab-9 has ended');
      await page.getByRole('dialog').getByRole('button', {name: 'Propose'}).click();
      await page.getByText('Somebody else has to approve it.').waitFor();
      assert.equal(await page.getByRole('button', {name: 'Approve'}).count(), 0);
    });
    await visit('hongkong', 'POLICY_ADMIN2', async (page, visitor) => {
      await visitor.go('/policy/changes');
      await page.getByRole('table').first().getByRole('link').first().click();
      await page.locator('.case').first().waitFor();
      await page.getByRole('button', {name: 'Approve'}).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('read the difference, agreed');
      await page.getByRole('dialog').getByRole('button', {name: 'Approve'}).click();
      await page.getByRole('button', {name: 'Put in force'}).click();
      await page.getByRole('dialog').getByRole('button', {name: 'Put in force'}).click();
      await page.locator('.tag', {hasText: 'was put in force'}).waitFor();
      await visitor.go('/policy?q=project has ended');
      await page.getByText('The project has ended').waitFor();
      await visitor.go('/policy/changes');
      await page.getByRole('button', {name: 'Go back to it'}).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('not published yet');
      await page.getByRole('dialog').getByRole('button', {name: 'Go back to it'}).click();
      await page.locator('.tag', {hasText: 'roll-back'}).waitFor();
    });
  });

  it('files a contract, and watches the counters', () =>
    visit('shenzhen', 'POLICY_ADMIN', async (page, visitor) => {
      await visitor.go('/policy/filings');
      await page.getByRole('button', {name: 'New filing'}).click();
      const sheet = page.getByRole('dialog');
      await sheet.getByLabel('Number').fill('SC-2026-31');
      await sheet.getByLabel('Exporter').fill('szu');
      await sheet.getByLabel('Recipient').fill('hku');
      await sheet.getByLabel('From').fill('2026-01-01');
      await sheet.getByLabel('Until (exclusive)').fill('2027-12-31');
      await sheet.getByRole('button', {name: 'File'}).click();
      await page.getByRole('cell', {name: 'SC-2026-31'}).waitFor();
      await visitor.go('/policy/counters');
      await page.getByRole('button', {name: 'Count again from the ledger'}).click();
      await page.getByText(/They agree with \d+ entries/).waitFor();
    }));

  it('watches a policy in the shadow, and ends it', async () => {
    const {digest} = await cities.json('shenzhen', 'POLICY_ADMIN', 'GET', '/api/v1/policy');
    const {files} = await cities.json('shenzhen', 'POLICY_ADMIN', 'GET', `/api/v1/policy/packs/${digest}`);
    files['pack.yaml'] = files['pack.yaml'].replace(/^version: .*$/m, "version: 'shadow-1'\nshadow: true");
    const made = await cities.json('shenzhen', 'POLICY_ADMIN', 'POST', '/api/v1/policy/proposals', {files, reason: 'see first'});
    await cities.json('shenzhen', 'POLICY_ADMIN2', 'POST', `/api/v1/policy/proposals/${made.id}/approve`, {pack: made.pack.digest, diff_digest: made.diff_digest});
    await cities.json('shenzhen', 'POLICY_ADMIN', 'POST', '/api/v1/policy/activations', {pack: made.id});
    await cities.state('shenzhen', await cities.submit('shenzhen', flowerJob('shadowed')), 'complete');
    await visit('shenzhen', 'POLICY_ADMIN', async (page, visitor) => {
      await visitor.go('/policy/changes');
      const shadow = page.locator('.panel', {hasText: 'In the shadow'});
      await shadow.getByText('decides beside').waitFor();
      await shadow.getByText(/0 would change, [1-9]\d* would not\./).waitFor();
      await shadow.getByRole('button', {name: 'End it'}).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('seen enough');
      await page.getByRole('dialog').getByRole('button', {name: 'End it'}).click();
      await page.getByText('No policy is in the shadow.').waitFor();
    });
  });

  it('imports a signed bundle: whose it is, which edition, what it would change; others are not taken', async () => {
    const config = cities.env.HONGKONG_CONFIG;
    const before = readFileSync(config, 'utf8');
    const key = join(cities.folder, 'office.key');
    const other = join(cities.folder, 'other.key');
    const signer = cities.hetao('hongkong', null, 'policy', 'key', '-o', key, '--name', 'policy-office').split('\n')[0];
    cities.hetao('hongkong', null, 'policy', 'key', '-o', other, '--name', 'policy-office');
    writeFileSync(config, before.replace('gba-reference}', `gba-reference, signers: ["${signer}"]}`));
    await cities.stop('hongkong');
    await cities.start('hongkong');
    const pack = join(cities.folder, 'office-pack');
    cpSync(join(root, 'policy/packs/gba-reference'), pack, {recursive: true});
    writeFileSync(join(pack, 'rules/99-ended.yaml'), 'rules:\n  - id: X2\n    effect: forbid\n    title: {en: The lab has ended, zh-Hans: 实验室已结束, zh-Hant: 實驗室已結束}\n    basis: ["decision of the joint committee"]\n    when: {action: cross, data.tags: {contains: joint-lab-8}}\n');
    const [good, bad] = [join(cities.folder, 'good.bundle'), join(cities.folder, 'bad.bundle')];
    // The journeys before may have put editions into force.
    const {edition_highest: highest} = await cities.json('hongkong', 'POLICY_ADMIN', 'GET', '/api/v1/policy/history');
    const edition = String(highest + 3);
    cities.hetao('hongkong', null, 'policy', 'bundle', pack, '--key', key, '--edition', edition, '-o', good);
    cities.hetao('hongkong', null, 'policy', 'bundle', pack, '--key', other, '--edition', edition, '-o', bad);
    await visit('hongkong', 'POLICY_ADMIN', async (page, visitor) => {
      await visitor.go('/policy/edit');
      await page.getByText('This gateway takes signed bundles alone').waitFor();
      await visitor.go('/policy/import');
      await page.getByLabel('File').setInputFiles(bad);
      await page.getByText('No valid signature of a key that this gateway names').waitFor();
      await page.getByRole('alert').filter({hasText: 'no key of this gateway'}).waitFor();
      assert.equal(await page.getByRole('button', {name: 'Propose'}).isDisabled(), true);
      await page.getByLabel('File').setInputFiles(config);
      await page.getByText('This file is no policy bundle.').waitFor();
      await page.getByLabel('File').setInputFiles(good);
      await page.getByText('The signed lines are of this content').waitFor();
      await page.locator('.proof-steps li.good', {hasText: 'policy-office'}).waitFor();
      await page.getByText(`Edition ${edition} is newer than ${highest}, the highest that was in force`).waitFor();
      await page.locator('.case .condition', {hasText: 'data.tags'}).first().waitFor();
      await page.getByRole('button', {name: 'Propose'}).click();
      await page.getByRole('dialog').getByRole('button', {name: 'Propose'}).click();
      await page.getByText('Somebody else has to approve it.').waitFor();
      await page.locator('.facts', {hasText: 'policy-office'}).waitFor();
      const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: 'Save the pack'}).click()]);
      assert.equal(readFileSync(await saved.path(), 'utf8'), readFileSync(good, 'utf8'));
    });
    writeFileSync(config, before);
    await cities.stop('hongkong');
    await cities.start('hongkong');
  });
});

describe('operator', () => {
  it('sees both cities on one sheet, and a tunnel that breaks', () =>
    visit('shenzhen', 'OPERATOR', async (page, visitor) => {
      await visitor.go('/');
      await page.locator('.water', {hasText: 'tunnel up'}).waitFor();
      await page.locator('.chart canvas').waitFor();
      // The jobs of the journeys before are over, and may have left the core; their decisions are counted.
      await page.getByText('The same numbers as a table').click();
      const counted = await page.locator('figure td.number').allInnerTexts();
      assert.ok(counted.reduce((sum, text) => sum + Number(text), 0) > 0, counted.join());
      assert.deepEqual(await page.locator('.bank h2').allInnerTexts().then((all) => all.map((text) => text.split('\n')[0])), ['Shenzhen', 'Hong Kong']);
      await cities.stop('hongkong');
      await page.locator('.water', {hasText: 'tunnel down'}).waitFor();
      await cities.start('hongkong');
      await page.locator('.water', {hasText: 'tunnel up'}).waitFor();
      await visitor.go('/network');
      await page.getByRole('heading', {name: 'Certificates', exact: true}).waitFor();
    }));

  it('sees what there is to run on, and what each tenant may use and uses', async () => {
    const config = cities.env.SHENZHEN_CONFIG;
    writeFileSync(config, readFileSync(config, 'utf8').replace('szu: {', 'szu: {monthly_cap_cny: 500, megabit_per_second: 8, cores_at_once: 4, '));
    await cities.stop('shenzhen');
    await cities.start('shenzhen');
    const id = await cities.submit('shenzhen', python('import time; time.sleep(60)', {resources: {cpu_cores: 1, ram_gb: 1, zones: ['shenzhen']}}));
    await cities.state('shenzhen', id, 'running');
    await visit('shenzhen', 'OPERATOR', async (page, visitor) => {
      await visitor.go('/platforms?region=shenzhen');
      await page.getByRole('row', {name: /Shenzhen local/}).getByText('1 run, 0 wait').waitFor();
      assert.equal(await page.getByRole('row', {name: /Hong Kong/}).count(), 0);
      await page.getByText('No job waits for a place.').waitFor();
      await page.getByText('Nothing is offered.').waitFor();
      await visitor.go('/tenants');
      const szu = page.locator('.panel', {hasText: 'Shenzhen University'});
      await szu.getByText('0.00 CNY / 500.00 CNY').waitFor();
      await szu.getByText('1.0 MB/s').waitFor();
      await szu.locator('li', {hasText: 'CPU cores held at once'}).getByText('1 / 4').waitFor();
      await szu.locator('li', {hasText: 'Accelerators held at once'}).getByText('0 · no limit').waitFor();
      await szu.locator('li', {hasText: 'Open jobs'}).getByText(/^1 \/ [\d,]+$/).waitFor();
      await page.locator('.panel', {hasText: 'Shenzhen Hub'}).getByText('runs the platforms').waitFor();
    });
    await visit('shenzhen', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/tenants');
      await page.getByRole('alert').getByText('Your roles don’t allow this.').waitFor();
      assert.equal(await page.getByRole('link', {name: 'Tenants and quotas'}).count(), 0);
    });
    await cities.json('shenzhen', 'SUBMITTER', 'POST', `/api/v1/jobs/${id}/cancel`, {});
  });

  // Last: it costs Shenzhen its newest hours.
  it('is told when the other city’s ledger was rolled back, and resolves it with a reason', async () => {
    const data = join(cities.folder, 'shenzhen/data');
    const [old, newest] = [join(cities.folder, 'old-data'), join(cities.folder, 'newest-data')];
    const cosigned = (size) =>
      until(async () => {
        const seen = (await cities.json('hongkong', 'OPERATOR', 'GET', '/api/v1/witnesses')).witnesses[0].peer_log.size;
        return seen >= size && seen;
      }, `Hong Kong has cosigned ${size} entries of Shenzhen`);
    const entries = async () => (await cities.json('shenzhen', 'OPERATOR', 'GET', '/api/v1/status')).ledger.entries;
    await cosigned(await entries());
    await cities.stop('shenzhen');
    cpSync(data, old, {recursive: true});
    await cities.start('shenzhen');
    await cities.state('shenzhen', await cities.submit('shenzhen', python('print(1)')), 'complete');
    await cosigned(await entries());
    await cities.stop('shenzhen');
    renameSync(data, newest);
    renameSync(old, data);
    assert.throws(() => execFileSync(join(root, 'build/bin/hetao-gateway'), ['--config', cities.env.SHENZHEN_CONFIG], {stdio: 'pipe', timeout: 60_000}), /rolled back/);
    await visit('hongkong', 'OPERATOR', async (page, visitor) => {
      await visitor.go('/');
      await page.locator('.panel', {hasText: 'Ledgers'}).getByText('rolled back').waitFor();
      await visitor.go('/audit/reconcile');
      await page.getByText('An alarm stays until an operator says what happened.').waitFor();
      await page.getByRole('button', {name: 'Resolve'}).click();
      await page.getByRole('dialog').getByLabel('Reason').fill('their disk was lost');
      await page.getByRole('dialog').getByRole('button', {name: 'Resolve'}).click();
      await page.getByText('An alarm stays until an operator says what happened.').waitFor({state: 'detached'});
    });
    await visit('hongkong', 'AUDITOR', async (page, visitor) => {
      await visitor.go('/audit?kind=admin');
      await page.getByRole('cell', {name: 'their disk was lost'}).waitFor();
    });
    rmSync(data, {recursive: true});
    renameSync(newest, data);
    await cities.start('shenzhen');
  });
});

