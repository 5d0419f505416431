// Two real gateways on loopback, started by deploy/demo, and a way to ask them past the browser.
import {execFileSync, spawn} from 'node:child_process';
import {closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {request} from 'node:https';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..');
const patience = 60_000;
export const pause = (millis) => new Promise((wake) => setTimeout(wake, millis));

export async function until(holds, what) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await holds();
    if (found) return found;
    if (Date.now() > end) throw new Error(`after ${patience / 1000} s still not: ${what}`);
    await pause(100);
  }
}

export class Cities {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'hetao-console.'));
    this.env = {};
  }

  up() {
    execFileSync(join(root, 'deploy/demo'), ['--up', this.folder], {stdio: ['ignore', 'ignore', 'inherit']});
    for (const line of readFileSync(join(this.folder, 'env'), 'utf8').split('\n')) {
      const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (name) this.env[name] = value.replace(/\\(.)/g, '$1').replace(/^'(.*)'$/, '$1');
    }
    this.ca = readFileSync(this.env.HETAO_CA);
  }

  down() {
    execFileSync(join(root, 'deploy/demo'), ['--down', this.folder], {stdio: 'inherit'});
    rmSync(this.folder, {recursive: true, force: true});
  }

  url(city) {
    return this.env[`${city.toUpperCase()}_URL`];
  }
  token(city, role) {
    return this.env[`${city.toUpperCase()}_TOKEN_${role}`];
  }
  write(city, name, text) {
    const path = join(this.env[`${city.toUpperCase()}_STAGING`], name);
    writeFileSync(path, text);
    return `file://${path}`;
  }

  // One gateway alone: stopped, and started again on the same address.
  async stop(city) {
    const pid = Number(readFileSync(join(this.folder, city, 'gateway.pid'), 'utf8'));
    process.kill(pid, 'SIGTERM');
    await until(() => {
      try {
        process.kill(pid, 0);
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].startsWith('Z');
      } catch {
        return true;
      }
    }, `${city} ends`);
  }
  async start(city) {
    const log = openSync(join(this.folder, city, 'gateway.log'), 'a');
    const gateway = spawn(join(root, 'build/bin/hetao-gateway'), ['--config', this.env[`${city.toUpperCase()}_CONFIG`]], {stdio: ['ignore', log, log], detached: true});
    gateway.unref();
    closeSync(log);
    writeFileSync(join(this.folder, city, 'gateway.pid'), String(gateway.pid));
    await until(() => this.ask(city, null, 'GET', '/readyz').then((answer) => answer.status === 200, () => false), `${city} is ready`);
  }

  ask(city, role, method, path, body, more = {}) {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {...more, ...(role ? {Authorization: `Bearer ${this.token(city, role)}`} : {}), ...(text ? {'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text)} : {})};
      const asked = request(this.url(city) + path, {method, headers, ca: this.ca, agent: false}, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve({status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts)}));
      });
      asked.on('error', reject);
      asked.end(text);
    });
  }
  async json(city, role, method, path, body) {
    const answer = await this.ask(city, role, method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body);
  }

  hetao(city, role, ...words) {
    const env = {...process.env, HETAO_GATEWAY: this.url(city), HETAO_CA: this.env.HETAO_CA, HETAO_TOKEN: role ? this.token(city, role) : '', LANG: 'C.UTF-8'};
    return execFileSync(join(root, 'build/bin/hetao'), words, {env, encoding: 'utf8'});
  }

  async submit(city, job) {
    return (await this.json(city, 'SUBMITTER', 'POST', '/api/v1/jobs', job)).id;
  }
  state(city, id, ...states) {
    return until(async () => {
      const job = await this.json(city, 'SUBMITTER', 'GET', `/api/v1/jobs/${id}`);
      return states.includes(job.state) && job;
    }, `${id} is ${states.join(' or ')}`);
  }
  review(city) {
    return until(async () => (await this.json(city, 'REVIEWER', 'GET', '/api/v1/reviews')).reviews[0], `a review opens in ${city}`);
  }
}

// Data that the journeys use: patients of Shenzhen, a grid that must not leave, flowers of Hong Kong.
export async function prepare(cities) {
  const rows = Array.from({length: 40}, (_, at) => `${at},${20 + (at % 30)},${(10 + at / 7).toFixed(2)},${(20 + at / 3).toFixed(2)},${at % 2}`);
  const patients = cities.write('shenzhen', 'patients.csv', `id,age,radius,texture,target\n${rows.join('\n')}\n`);
  const flowers = cities.write('hongkong', 'flowers.csv', `a,b,c,d,kind\n${rows.join('\n')}\n`);
  const grid = cities.write('shenzhen', 'grid.csv', 'hour,load_mw\n0,8123\n1,7990\n');
  await cities.json('shenzhen', 'DATA_OWNER', 'POST', '/api/v1/datasets', {
    id: 'szu-tumour-40', title: 'Tumour measurements of 40 patients', licence: 'CC BY 4.0', url: patients,
    labels: {
      'data.grade': 'general', 'data.personal': 'sensitive', 'data.personal_kinds': ['health'], 'data.collected_in': 'mainland', 'data.subjects_ordinary': 0, 'data.subjects_sensitive': 40, 'data.sectors': ['health'],
      'consent.basis': 'consent', 'consent.separate': true, 'consent.guardian': true, impact_assessment: 'done', 'genetic.data': false, 'result.anonymity_assessed': true,
    },
  });
  await cities.json('shenzhen', 'DATA_OWNER', 'POST', '/api/v1/datasets', {
    id: 'szu-grid-load', title: 'Load of the city’s grid, by hour', url: grid,
    labels: {'data.grade': 'important', 'data.personal': 'none', 'data.collected_in': 'mainland', 'data.subjects_ordinary': 0, 'data.subjects_sensitive': 0, 'data.sectors': ['energy'], 'genetic.data': false},
  });
  await cities.json('hongkong', 'DATA_OWNER', 'POST', '/api/v1/datasets', {
    id: 'hku-flowers', title: 'Measurements of 150 flowers (Fisher 1936)', url: flowers,
    labels: {'data.grade': 'general', 'data.personal': 'none', 'data.collected_in': 'hongkong', 'data.subjects_ordinary': 0, 'data.subjects_sensitive': 0, 'genetic.data': false, 'hk.use': 'same-purpose', 'hk.processor_control': true, 'result.anonymity_assessed': true},
  });
  for (const [city, name] of [['hongkong', 'szu-tumour-40'], ['hongkong', 'szu-grid-load'], ['shenzhen', 'hku-flowers']]) {
    await until(async () => (await cities.ask(city, 'SUBMITTER', 'GET', `/api/v1/datasets/${name}`)).status === 200, `${city} hears of ${name}`);
  }
}

export const python = (code, more = {}) => ({name: 'test', executors: [{image: 'host/python3', command: ['python3', '-c', code]}], resources: {cpu_cores: 1, ram_gb: 1}, tags: {purpose: 'research'}, ...more});
// A row for each patient wants to come home: held in both cities.
export const heldJob = (name) =>
  python("rows = open('/data/patients.csv').read().split()[1:]; open('/out/sizes.csv', 'w').write('\\n'.join(','.join(r.split(',')[2:4]) for r in rows))", {
    name,
    inputs: [{url: 'dataset:szu-tumour-40', path: '/data/patients.csv', type: 'FILE'}],
    outputs: [{path: '/out/sizes.csv', url: 'result:sizes.csv', type: 'FILE'}],
    tags: {purpose: 'research', project: 'joint-lab-7', 'output:sizes.csv': 'aggregate'},
  });
export const flowerJob = (name, code = "print('counting'); open('/out/means.csv', 'w').write('kind,n\\nall,40\\n')") =>
  python(code, {
    name,
    inputs: [{url: 'dataset:hku-flowers', path: '/data/flowers.csv', type: 'FILE'}],
    outputs: [{path: '/out/means.csv', url: 'result:means.csv', type: 'FILE'}],
    resources: {cpu_cores: 1, ram_gb: 1, zones: ['hongkong']},
    tags: {purpose: 'research', 'output:means.csv': 'aggregate'},
  });
