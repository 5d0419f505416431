// Each role's main journey through the console, in a real browser against two real gateways: those who work with jobs and
// data, and what holds for everybody. offices.test.mjs has those who watch over it.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {describe, it} from 'node:test';
import {flowerJob, heldJob, python, until} from './cities.mjs';
import {setting} from './setting.mjs';

const {cities, visit} = setting();

describe('everybody', () => {
  it('signs in with a token, in their language, and out again', () =>
    visit('hongkong', null, async (page, visitor) => {
      await visitor.go('/jobs?state=held');
      await page.getByRole('button', {name: '繁體中文'}).click();
      await page.getByLabel('權杖').fill('no.token.atall');
      await page.getByRole('button', {name: '登入', exact: true}).click();
      await page.getByText('閘道不接受此權杖。').waitFor();
      await page.getByRole('button', {name: 'English'}).click();
      await page.getByLabel('Token', {exact: true}).fill(cities.token('hongkong', 'SUBMITTER'));
      await page.getByRole('button', {name: 'Sign in', exact: true}).click();
      // The page that was asked for, and what it was asked.
      await page.getByRole('heading', {name: 'Jobs', level: 1}).waitFor();
      assert.equal(await page.getByLabel('State').inputValue(), 'held');
      await page.getByRole('button', {name: 'Sign out'}).click();
      await page.getByRole('heading', {name: 'Hetao console'}).waitFor();
      assert.equal(await page.evaluate(() => sessionStorage.getItem('hetao.token')), null);
    }));

  it('sees times of both cities, wherever the browser is', () =>
    visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      const id = await cities.submit('hongkong', python('print(1)', {name: 'clock'}));
      const job = await cities.state('hongkong', id, 'complete');
      await visitor.go(`/jobs/${id}`);
      const shown = new Date(Date.parse(job.created) + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
      await page.getByText(shown).first().waitFor();
    }));

  it('goes about with the keyboard alone', () =>
    visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/');
      await page.keyboard.press('Tab');
      assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ''), /To the content/);
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
      await page.getByRole('link', {name: 'New job'}).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('tab', {name: 'Form'}).focus();
      await page.keyboard.press('ArrowRight');
      await page.getByRole('tab', {name: 'YAML', selected: true}).waitFor();
    }));

  it('finds one’s way on a phone, without scrolling sideways', () =>
    visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      for (const path of ['/', '/jobs', '/submit', '/data', '/policy']) {
        await visitor.go(path);
        await visitor.still();
        const wide = await page.evaluate(() => ({page: document.querySelector('#main').scrollWidth - document.querySelector('#main').clientWidth, all: document.documentElement.scrollWidth - document.documentElement.clientWidth}));
        assert.deepEqual({path, ...wide}, {path, page: 0, all: 0});
      }
      await page.getByRole('button', {name: 'Pages'}).click();
      await page.getByRole('link', {name: 'Jobs', exact: true}).click();
      await page.getByRole('heading', {name: 'Jobs', level: 1}).waitFor();
    }, {width: 375, height: 720, hasTouch: true}));

  it('is told when the gateway goes away, loses nothing, and goes on when it is back', () =>
    visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/submit');
      await page.getByLabel('Name', {exact: true}).fill('typed-before-the-cut');
      await cities.stop('hongkong');
      await page.getByText('The gateway does not answer.', {exact: false}).first().waitFor();
      await page.getByLabel('Image').fill('host/typed-meanwhile');
      await cities.start('hongkong');
      await page.locator('.away').waitFor({state: 'detached'});
      assert.equal(await page.getByLabel('Name', {exact: true}).inputValue(), 'typed-before-the-cut');
      assert.equal(await page.getByLabel('Image').inputValue(), 'host/typed-meanwhile');
      await page.reload();
      assert.equal(await page.getByLabel('Name', {exact: true}).inputValue(), 'typed-before-the-cut');
    }));

  it('keeps what was typed when the session ends', () =>
    visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/submit');
      await page.getByLabel('Name', {exact: true}).fill('typed-before-the-end');
      await page.evaluate(() => sessionStorage.setItem('hetao.token', 'its.time.isover'));
      // Past the dialog, which may be there already: the page asks by itself too.
      await page.getByRole('button', {name: 'Submit'}).dispatchEvent('click');
      await signInAgain(page, cities.token('hongkong', 'SUBMITTER'));
      assert.equal(await page.getByLabel('Name', {exact: true}).inputValue(), 'typed-before-the-end');
    }));

  it('finds nothing that another person typed in this tab', () =>
    visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/submit');
      await page.getByLabel('Name', {exact: true}).fill('mine-alone');
      await page.evaluate(() => sessionStorage.setItem('hetao.token', 'its.time.isover'));
      await page.getByRole('button', {name: 'Submit'}).dispatchEvent('click');
      await signInAgain(page, cities.token('hongkong', 'DATA_OWNER'));
      await page.getByRole('link', {name: 'owner'}).waitFor();
      assert.doesNotMatch(await page.evaluate(() => JSON.stringify({...sessionStorage})), /mine-alone/);
    }));
});

// The dialog over the page, after a session that ended.
async function signInAgain(page, token) {
  const dialog = page.getByRole('dialog', {name: 'Please sign in again'});
  await dialog.getByLabel('Token', {exact: true}).fill(token);
  await dialog.getByRole('button', {name: 'Sign in', exact: true}).click();
  await dialog.waitFor({state: 'detached'});
}

describe('researcher', () => {
  it('fills in a form, sees the decision before submitting, follows the job, takes the result home', () =>
    visit('shenzhen', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/submit');
      await page.getByLabel('Name', {exact: true}).fill('flower-means');
      await page.getByLabel('Command').fill(`python3 -c "import time; print('counting'); time.sleep(1); open('/out/means.csv', 'w').write('kind,n')"`);
      await page.getByRole('button', {name: 'Add an input'}).click();
      await page.getByLabel('Where it comes from').fill('dataset:hku-flowers');
      await page.getByLabel('Path in the job').first().fill('/data/flowers.csv');
      await page.getByRole('button', {name: 'Add a result'}).click();
      await page.getByLabel('Path in the job').last().fill('/out/means.csv');
      await page.getByLabel('Result', {exact: true}).fill('result:means.csv');
      await page.getByLabel('Kind').selectOption('aggregate');
      await page.getByLabel('Hong Kong', {exact: true}).check();
      const decided = page.locator('section', {hasText: 'What would be decided'});
      await decided.getByText('it would run here').waitFor();
      await page.getByRole('button', {name: 'Submit'}).click();
      await page.getByRole('heading', {name: 'flower-means', level: 1}).waitFor();
      await page.getByText('program ended with 0').waitFor();
      await page.locator('.panel .tag', {hasText: /^complete$/}).first().waitFor();
      // Both sides of the boundary, each on its bank.
      await page.locator('.timeline-item.right', {hasText: 'program started'}).waitFor();
      await page.locator('.timeline-item.left', {hasText: 'queued'}).waitFor();
      await page.getByRole('tab', {name: 'Logs'}).click();
      await page.locator('.log', {hasText: 'counting'}).waitFor();
      await page.getByRole('tab', {name: 'Results'}).click();
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('row', {name: /means\.csv/}).getByRole('button', {name: 'Download'}).click()]);
      assert.equal(download.suggestedFilename(), 'means.csv');
      assert.equal(readFileSync(await download.path(), 'utf8'), 'kind,n');
    }));

  it('reads what a program prints while it runs, and ends it', () =>
    visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      const id = await cities.submit('hongkong', python(`import time\nfor i in range(600): print('step', i, flush=True); time.sleep(0.2)`, {name: 'talkative', resources: {cpu_cores: 1, ram_gb: 1, zones: ['hongkong']}}));
      await visitor.go(`/jobs/${id}?tab=logs`);
      await page.getByText('Still running: new lines appear by themselves.').waitFor();
      await page.locator('.log', {hasText: 'step 2'}).waitFor();
      const before = (await page.locator('.log').innerText()).length;
      await until(async () => (await page.locator('.log').innerText()).length > before, 'the log grows by itself');
      await page.getByRole('button', {name: 'Cancel the job'}).click();
      await page.getByRole('button', {name: 'Cancel the job'}).click();
      await page.locator('.panel .tag', {hasText: /^cancelled$/}).first().waitFor();
    }));

  it('is told that what a program prints across the boundary comes later', () =>
    visit('shenzhen', 'SUBMITTER', async (page, visitor) => {
      const id = await cities.submit('shenzhen', flowerJob('quiet', "import time; print('done'); open('/out/means.csv', 'w').write('kind,n'); time.sleep(4)"));
      await visitor.go(`/jobs/${id}?tab=logs`);
      await page.getByText('It runs on the other side').waitFor();
      await page.locator('.log', {hasText: 'done'}).waitFor();
    }));

  it('is told while typing what policy forbids, why, and what would change it', () =>
    visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/submit');
      await page.getByRole('button', {name: 'Add an input'}).click();
      await page.getByLabel('Where it comes from').fill('dataset:szu-grid-load');
      await page.getByLabel('Path in the job').first().fill('/data/grid.csv');
      await page.getByLabel('Hong Kong', {exact: true}).check();
      const decided = page.locator('section', {hasText: 'What would be decided'});
      await decided.locator('.tag.effect-forbid').first().waitFor();
      await decided.getByText('What would change it:').first().waitFor();
      await page.getByRole('button', {name: 'Submit'}).click();
      await page.getByRole('alert').filter({hasText: 'forbid'}).waitFor();
    }));

  it('writes YAML with completion, and sees mistakes at their place', () =>
    visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/submit?as=yaml');
      const editor = page.getByRole('textbox', {name: 'The job as YAML'});
      await editor.click();
      await page.keyboard.press('Control+a');
      await page.keyboard.type('name: typed\nexecutors:\n  - imgae: host/python3');
      await page.getByRole('list', {name: 'Mistakes'}).getByText('imgae', {exact: false}).waitFor().catch(async () => {
        await page.getByRole('list', {name: 'Mistakes'}).getByText('3:', {exact: false}).first().waitFor();
      });
      await page.keyboard.press('Control+a');
      await page.keyboard.type('name: typed\ninputs:\n- url: dataset:szu-t');
      await page.keyboard.press('Control+Space');
      await page.locator('.cm-tooltip-autocomplete li', {hasText: 'szu-tumour-40'}).click();
      await until(async () => (await editor.innerText()).includes('dataset:szu-tumour-40'), 'the completion is taken');
    }));
});

describe('data owner', () => {
  it('registers data with its labels, is told what is wrong with them, and retires it', () =>
    visit('shenzhen', 'DATA_OWNER', async (page, visitor) => {
      const url = cities.write('shenzhen', 'signs.csv', 'a,b\n1,2\n');
      await visitor.go('/data');
      await page.getByRole('button', {name: 'Register data'}).click();
      const sheet = page.getByRole('dialog');
      await sheet.getByLabel('Name', {exact: true}).fill('szu-road-signs');
      await sheet.getByLabel('Title', {exact: true}).fill('Road signs');
      await sheet.getByLabel('Where it lies', {exact: false}).fill(url);
      const labels = sheet.getByRole('textbox', {name: 'Labels'});
      await labels.click();
      await page.keyboard.press('Control+Home');
      await page.keyboard.type('data.grad: general\n');
      await sheet.getByRole('button', {name: 'Register data'}).click();
      await sheet.getByRole('alert').getByText('data.grade', {exact: false}).first().waitFor();
      await page.keyboard.press('Escape');
      await sheet.waitFor({state: 'detached'});
      await page.getByRole('button', {name: 'Register data'}).click();
      // What was typed is still there.
      assert.equal(await sheet.getByLabel('Title', {exact: true}).inputValue(), 'Road signs');
      await labels.click();
      await page.keyboard.press('Control+Home');
      await page.keyboard.press('Shift+ArrowDown');
      await page.keyboard.press('Delete');
      await sheet.getByRole('button', {name: 'Register data'}).click();
      await page.getByRole('link', {name: 'szu-road-signs'}).click();
      await sheet.getByRole('button', {name: 'Retire'}).click();
      await sheet.getByRole('button', {name: 'Retire'}).click();
      await page.getByRole('link', {name: 'szu-road-signs'}).waitFor({state: 'detached'});
    }));
});

describe('data on request', () => {
  const register = async (id) => {
    const url = cities.write('shenzhen', `${id}.csv`, 'bus,delay\n1,3\n2,5\n');
    const labels = {'data.grade': 'public', 'data.personal': 'none', 'data.collected_in': 'mainland', 'data.subjects_ordinary': 0, 'data.subjects_sensitive': 0, 'genetic.data': false};
    await cities.json('shenzhen', 'DATA_OWNER', 'POST', '/api/v1/datasets', {id, title: 'Bus delays', url, access: 'request', labels});
    await until(async () => (await cities.ask('hongkong', 'SUBMITTER', 'GET', `/api/v1/datasets/${id}`)).status === 200, `Hong Kong hears of ${id}`);
  };
  const ask = (id) => cities.json('hongkong', 'SUBMITTER', 'POST', `/api/v1/datasets/${id}/access`, {purpose: 'teaching', reason: 'a course'});
  // The dialog in which something is said; it opens over the sheet.
  const said = (page, button) => page.getByRole('dialog', {name: new RegExp(`^${button}: `)});
  const confirm = async (page, button, reason) => {
    const dialog = said(page, button);
    if (reason) await dialog.getByLabel('Reason').fill(reason);
    await dialog.getByRole('button', {name: button}).click();
  };

  it('is asked for in the catalogue, granted by its owner for a shorter time, taken back', async () => {
    await register('szu-buses');
    await visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/data?id=szu-buses');
      const sheet = page.getByRole('dialog').first();
      await sheet.getByText('your tenant has no grant in force').waitFor();
      await sheet.getByRole('button', {name: 'Ask for it'}).click();
      const asked = page.getByRole('dialog', {name: /Ask for the use of szu-buses/});
      assert.equal(await asked.getByRole('button', {name: 'Ask for it'}).isDisabled(), true);
      await asked.getByLabel('Purpose').selectOption('research');
      await asked.getByLabel('Days').fill('30');
      await asked.getByLabel('Reason').fill('delays along the border line');
      await asked.getByRole('button', {name: 'Ask for it'}).click();
      await sheet.locator('.tag', {hasText: 'waits for the owner'}).waitFor();
    });
    let address = '';
    await visit('shenzhen', 'DATA_OWNER', async (page, visitor) => {
      await visitor.go('/data/requests?state=asked');
      await page.getByRole('table').getByRole('link', {name: 'szu-buses'}).click();
      const sheet = page.getByRole('dialog').first();
      await sheet.getByText('delays along the border line').waitFor();
      await sheet.getByRole('button', {name: 'Grant'}).click();
      await said(page, 'Grant').getByLabel('Days').fill('14');
      await confirm(page, 'Grant', 'for this study');
      await sheet.locator('.tag', {hasText: /^granted$/}).waitFor();
      await sheet.getByText('for this study').waitFor();
      address = new URL(page.url()).search;
    });
    await visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go(`/data/requests${address}`);
      const sheet = page.getByRole('dialog').first();
      await sheet.locator('.tag', {hasText: /^granted$/}).waitFor();
      await sheet.getByText('for this study').waitFor();
    });
    await visit('shenzhen', 'DATA_OWNER', async (page, visitor) => {
      await visitor.go(`/data/requests${address}`);
      await page.getByRole('dialog').first().getByRole('button', {name: 'Take it back'}).click();
      await confirm(page, 'Take it back', 'the study has ended');
      await page.getByRole('dialog').first().locator('.tag', {hasText: /^taken back$/}).waitFor();
    });
  });

  it('is refused with a reason, or the request withdrawn', async () => {
    await register('szu-trams');
    const first = await ask('szu-trams');
    await visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go(`/data/requests?id=${first.id}`);
      await page.getByRole('dialog').first().getByRole('button', {name: 'Withdraw'}).click();
      await confirm(page, 'Withdraw');
      await page.getByRole('dialog').first().locator('.tag', {hasText: /^withdrawn$/}).waitFor();
    });
    const second = await ask('szu-trams');
    await until(async () => (await cities.ask('shenzhen', 'DATA_OWNER', 'GET', `/api/v1/access/${second.id}`)).status === 200, 'Shenzhen hears of the request');
    await visit('shenzhen', 'DATA_OWNER', async (page, visitor) => {
      await visitor.go(`/data/requests?id=${second.id}`);
      await page.getByRole('dialog').first().getByRole('button', {name: 'Refuse'}).click();
      assert.equal(await said(page, 'Refuse').getByRole('button', {name: 'Refuse'}).isDisabled(), true);
      await confirm(page, 'Refuse', 'not for teaching');
      await page.getByRole('dialog').first().locator('.tag', {hasText: /^refused$/}).waitFor();
    });
  });

  it('is given to a project of both sides, whose jobs read it until either ends it', async () => {
    await register('szu-metro');
    const act = async (page, say, fields, reason) => {
      await page.getByRole('button', {name: say, exact: true}).click();
      for (const [label, text] of Object.entries(fields)) await page.getByRole('dialog').getByLabel(label).fill(text);
      await confirm(page, say, reason);
      await page.getByRole('dialog').waitFor({state: 'detached'});
    };
    await visit('hongkong', 'DATA_OWNER', async (page, visitor) => {
      await visitor.go('/projects');
      await page.getByRole('button', {name: 'Begin a project'}).click();
      const sheet = page.getByRole('dialog');
      await sheet.getByLabel('Name, as jobs say it').fill('transit-lab');
      await sheet.getByLabel('Title').fill('Transit laboratory');
      await sheet.getByLabel('Purpose').selectOption('research');
      await sheet.getByLabel('Tenant there').fill('szu');
      await sheet.getByRole('button', {name: 'Begin a project'}).click();
      await page.getByRole('heading', {name: 'Transit laboratory', level: 1}).waitFor();
      await page.locator('.tag', {hasText: 'waits for an owner'}).waitFor();
    });
    await until(async () => (await cities.ask('shenzhen', 'DATA_OWNER', 'GET', '/api/v1/projects/transit-lab')).status === 200, 'Shenzhen is invited');
    await visit('shenzhen', 'DATA_OWNER', async (page, visitor) => {
      await visitor.go('/projects');
      await page.getByRole('link', {name: 'Transit laboratory'}).click();
      await page.getByText('Your tenant is asked to be the owner on this side.').waitFor();
      await act(page, 'Take part', {});
      await page.locator('.panel', {hasText: 'Shenzhen'}).locator('.tag', {hasText: 'takes part'}).waitFor();
      await act(page, 'Budget', {'Budget in CNY': '5000'});
      await act(page, 'Grant data', {'Data set': 'szu-metro', Days: '365'});
      await page.getByRole('row', {name: /szu-metro/}).getByText('not granted').waitFor();
    });
    await visit('hongkong', 'DATA_OWNER', async (page, visitor) => {
      await visitor.go('/projects/transit-lab');
      await page.locator('.tag', {hasText: /^open$/}).waitFor();
      await act(page, 'Members', {'Further tenants of this side': 'cuhk'}, 'their statistics group');
      await page.locator('.panel', {hasText: 'Hong Kong'}).getByText('cuhk').waitFor();
      await act(page, 'Budget', {'Budget in CNY': '4000'});
      await act(page, 'Grant data', {'Data set': 'szu-metro'});
      await page.getByRole('row', {name: /szu-metro/}).getByText('Its jobs may read it').waitFor();
      await page.getByText('0.00 of 4000.00 CNY').first().waitFor();
    });
    const granted = async (city) => (await cities.json(city, 'DATA_OWNER', 'GET', '/api/v1/projects/transit-lab')).datasets.includes('szu-metro');
    await until(() => granted('shenzhen'), 'Shenzhen hears of the grant');
    const job = python("print(len(open('/data/metro.csv').readlines()))", {inputs: [{url: 'dataset:szu-metro', path: '/data/metro.csv', type: 'FILE'}], resources: {cpu_cores: 1, ram_gb: 1, zones: ['shenzhen']}, tags: {purpose: 'research', project: 'transit-lab'}});
    await cities.state('hongkong', await cities.submit('hongkong', job), 'complete');
    await visit('hongkong', 'DATA_OWNER', async (page, visitor) => {
      await visitor.go('/projects/transit-lab');
      await page.getByRole('row', {name: /szu-metro/}).getByRole('button', {name: 'Take back'}).click();
      await confirm(page, 'Take back');
      await page.getByRole('row', {name: /szu-metro/}).getByText('Its jobs may read it').waitFor({state: 'detached'});
      await act(page, 'End the project', {}, 'the study is over');
      await page.locator('.tag', {hasText: /^closed$/}).waitFor();
      assert.equal(await page.getByRole('button', {name: 'Grant data'}).count(), 0);
    });
    await visit('shenzhen', 'SUBMITTER', async (page, visitor) => {
      await visitor.go('/projects/transit-lab');
      await page.locator('.tag', {hasText: /^closed$/}).waitFor();
      await page.getByText('the study is over').waitFor();
    });
  });
});

describe('reviewer', () => {
  it('judges a held crossing by its masked evidence and lets it through; the other city refuses another', async () => {
    const leak = await cities.submit('shenzhen', flowerJob('verbose', `print('debug: HKID of the operator is A%d(3)' % (123455 + 1)); open('/out/means.csv', 'w').write('kind,n\\nall,40\\n')`));
    await visit('hongkong', 'REVIEWER', async (page, visitor) => {
      await visitor.go('/reviews');
      await page.getByRole('table').getByRole('link').first().click();
      await page.getByRole('heading', {name: /May “.*” cross\?/}).waitFor();
      await page.getByText('What inspection found').waitFor();
      await page.getByText('findings', {exact: true}).waitFor();
      assert.doesNotMatch(await page.locator('body').innerText(), /A123456/);
      await page.getByRole('button', {name: 'Refuse'}).click();
      const dialog = page.getByRole('dialog');
      assert.equal(await dialog.getByRole('button', {name: 'Refuse'}).isDisabled(), true);
      await dialog.getByLabel('Reason').fill('a debug line names a person; run it again without');
      // The session ends between the words and the click: they stay.
      await page.evaluate(() => sessionStorage.setItem('hetao.token', 'its.time.isover'));
      await dialog.getByRole('button', {name: 'Refuse'}).dispatchEvent('click');
      await signInAgain(page, cities.token('hongkong', 'REVIEWER'));
      assert.equal(await dialog.getByLabel('Reason').inputValue(), 'a debug line names a person; run it again without');
      await dialog.getByRole('button', {name: 'Refuse'}).click();
      await page.getByText('a debug line names a person').waitFor();
      await page.locator('.tag', {hasText: /^refused$/}).first().waitFor();
    });
    await cities.state('shenzhen', leak, 'complete', 'system-error', 'executor-error');

    const held = await cities.submit('hongkong', heldJob('tumour-sizes'));
    // Who waits reads why in their language, and below it the gateway's own words.
    await visit('hongkong', 'SUBMITTER', async (page, visitor) => {
      await visitor.go(`/jobs/${held}`);
      const why = page.locator('.note', {has: page.locator('.because', {hasText: '须先经人工审核'})});
      await why.locator('.rules li', {hasText: /[\u4e00-\u9fff]{4}/}).first().waitFor();
      await why.locator('[lang=en]', {hasText: 'held for review in'}).waitFor();
    }, {language: 'zh-Hans'});
    for (const city of ['shenzhen', 'hongkong']) {
      await visit(city, 'REVIEWER', async (page, visitor) => {
        await visitor.go('/reviews');
        await page.getByRole('table').getByRole('link', {name: /sizes/}).click();
        await page.getByText('Why it is held').waitFor();
        await page.getByRole('button', {name: 'Let it through'}).click();
        await page.getByRole('dialog').getByLabel('Reason').fill('two measurements, no identifiers: agreed with the data owner');
        await page.getByRole('dialog').getByRole('button', {name: 'Let it through'}).click();
        await page.locator('.tag', {hasText: /^let through$/}).waitFor();
      });
    }
    await cities.state('hongkong', held, 'complete');
  });
});

describe('hostile texts', () => {
  const evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';
  it('in names, reasons and log lines are shown as they are', async () => {
    const id = await cities.submit('shenzhen', flowerJob(evil, `import sys; print('''${evil}'''); sys.stderr.write('''<svg onload=window.hit=1>'''); open('/out/means.csv', 'w').write('x')`));
    await cities.state('shenzhen', id, 'complete', 'executor-error', 'system-error', 'held', 'returning');
    const held = await cities.submit('hongkong', heldJob(`held ${evil}`));
    const review = await cities.review('shenzhen');
    await cities.json('shenzhen', 'REVIEWER', 'POST', `/api/v1/reviews/${review.id}/reject`, {reason: evil});
    await cities.state('hongkong', held, 'system-error', 'executor-error', 'cancelled', 'complete');
    await cities.json('shenzhen', 'DATA_OWNER', 'POST', '/api/v1/datasets', {id: 'szu-hostile', title: evil, description: evil, licence: evil, url: cities.write('shenzhen', 'hostile.csv', 'a\n1\n'), labels: {'data.grade': 'general', 'data.personal': 'none', 'data.tags': [evil]}});
    const person = (await cities.json('shenzhen', 'AUDITOR', 'GET', '/api/v1/audit/people')).people.find((one) => one.name.startsWith('szu/'));
    await cities.json('shenzhen', 'AUDITOR', 'POST', `/api/v1/audit/people/${person.name}/hold`, {reason: evil});
    const {digest} = await cities.json('shenzhen', 'POLICY_ADMIN', 'GET', '/api/v1/policy');
    const {files} = await cities.json('shenzhen', 'POLICY_ADMIN', 'GET', `/api/v1/policy/packs/${digest}`);
    files['rules/99-hostile.yaml'] = `rules:\n  - id: X9\n    effect: hold\n    title: {en: ${JSON.stringify(evil)}, zh-Hans: x, zh-Hant: x}\n    basis: [${JSON.stringify(evil)}]\n    when: {action: cross, data.tags: {contains: ${JSON.stringify(evil)}}}\n`;
    const proposal = await cities.json('shenzhen', 'POLICY_ADMIN', 'POST', '/api/v1/policy/proposals', {files, reason: evil});
    const looked = (role, ...paths) =>
      visit('shenzhen', role, async (page, visitor) => {
        for (const path of paths) {
          await visitor.go(path);
          await page.getByText(evil, {exact: false}).first().waitFor();
          assert.equal(await page.evaluate(() => globalThis.hit), undefined, path);
          assert.equal(await page.locator('main img, main script, main svg[onload], [role=dialog] img, [role=dialog] script').count(), 0, path);
        }
      });
    await looked('SUBMITTER', '/jobs', `/jobs/${id}`, `/jobs/${id}?tab=logs`, `/jobs/${id}?tab=task`, '/data', '/data?id=szu-hostile');
    await looked('REVIEWER', `/reviews/${review.id}`, '/policy/changes', `/policy/changes/${proposal.id}`);
    await looked('AUDITOR', '/audit?kind=review', '/audit?kind=policy-proposed', `/audit/story?crossing=${review.crossing.id}`, '/audit/people', `/audit/people?name=${encodeURIComponent(person.name)}`);
  });
});

describe('the daemon', () => {
  it('serves pages asked for each time, files for ever, and nothing inline', async () => {
    const page = await cities.ask('hongkong', null, 'GET', '/console/jobs/some-id');
    assert.equal(page.status, 200);
    assert.match(page.headers['content-security-policy'], /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(page.headers['content-security-policy'], /unsafe|\*|data:/);
    assert.equal(page.headers['cache-control'], 'no-cache');
    assert.doesNotMatch(page.body.toString(), /<style|style=|<script(?![^>]* src=)/);
    const again = await cities.ask('hongkong', null, 'GET', '/console/', undefined, {'If-None-Match': page.headers.etag});
    assert.equal(again.status, 304);
    const script = /src="([^"]+\.js)"/.exec(page.body.toString())[1];
    const file = await cities.ask('hongkong', null, 'GET', script, undefined, {'Accept-Encoding': 'gzip'});
    assert.equal(file.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(file.headers['content-encoding'], 'gzip');
    assert.equal((await cities.ask('hongkong', null, 'GET', '/console/assets/none.js')).status, 404);
    assert.equal((await cities.ask('hongkong', null, 'POST', '/console/', {})).status, 405);
  });
});

