// What a file of journeys begins with: two cities with the data of cities.mjs, a browser, and a way to visit. Gone after it.
import {after, before} from 'node:test';
import {launch} from './chromium.mjs';
import {Cities, prepare} from './cities.mjs';
import {visits} from './visits.mjs';

// `more` prepares what the file needs besides: a second before() would not wait for this one.
export function setting(more = async () => undefined) {
  const cities = new Cities();
  let chromium;
  const browser = () => chromium;
  before(async () => {
    cities.up();
    await prepare(cities);
    await more(cities);
    chromium = await launch();
  });
  after(async () => {
    await chromium?.close();
    cities.down();
  });
  return {cities, browser, visit: visits(cities, browser)};
}
