// Lighthouse on the overview page as a gateway serves it, as an operator sees it: performance, accessibility, best practices
// (out of 100). usage: node lighthouse.mjs DIR, after `npm install --prefix DIR lighthouse`. No part of ctest: what it says of
// performance is this machine's at this hour.
import {createRequire} from 'node:module';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {Cities, prepare} from './cities.mjs';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node lighthouse.mjs DIR, after `npm install --prefix DIR lighthouse`');
  process.exit(2);
}
const require = createRequire(join(resolve(folder), 'package.json'));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const {default: lighthouse, desktopConfig} = await load('lighthouse');
const {launch} = await load('chrome-launcher');

const cities = new Cities();
let chromium;
try {
  cities.up();
  await prepare(cities);
  chromium = await launch({
    chromePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    chromeFlags: ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--ignore-certificate-errors'],
  });
  const options = {
    port: chromium.port,
    onlyCategories: ['performance', 'accessibility', 'best-practices'],
    extraHeaders: {Authorization: `Bearer ${cities.token('shenzhen', 'OPERATOR')}`},
  };
  for (const [name, config] of [['desktop', desktopConfig], ['phone', undefined]]) {
    const {lhr} = await lighthouse(`${cities.url('shenzhen')}/console/`, options, config);
    if (lhr.runtimeError) throw new Error(`${lhr.runtimeError.code}: ${lhr.runtimeError.message}`);
    const scores = Object.values(lhr.categories).map(({title, score}) => `${title} ${Math.round((score ?? 0) * 100)}`);
    const times = ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift'].map((id) => `${lhr.audits[id].title} ${lhr.audits[id].displayValue}`);
    console.log(`${name}: ${scores.join(', ')}\n  ${times.join(', ')}`);
    const wrong = Object.values(lhr.categories).flatMap(({auditRefs}) => auditRefs.filter(({weight}) => weight > 0).map(({id}) => lhr.audits[id])).filter(({score}) => score !== null && score < 0.9);
    for (const {id, title, displayValue} of wrong) console.log(`  ${id}: ${title} ${displayValue ?? ''}`);
  }
} finally {
  await chromium?.kill();
  cities.down();
}
