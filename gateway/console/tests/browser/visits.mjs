// Visits of one person to one city's console. Their end is checked: where they ended axe finds nothing, and on the way there
// was no breach of the content security policy, no error, no request elsewhere. HETAO_SHOT=FILE keeps a picture of the page
// where a visit failed.
import assert from 'node:assert/strict';
import {Visitor} from './chromium.mjs';

export const visits =
  (cities, browser) =>
  async (city, role, what, options) => {
    const visitor = await Visitor.come(browser(), cities, city, role, options);
    try {
      await what(visitor.page, visitor);
      await visitor.still();
      assert.deepEqual(await visitor.axe(), []);
    } catch (error) {
      if (process.env.HETAO_SHOT) await visitor.page.screenshot({path: process.env.HETAO_SHOT}).catch(() => undefined);
      error.message += `\n${visitor.breaches.join('\n')}`;
      throw error;
    }
    await visitor.leave();
  };
