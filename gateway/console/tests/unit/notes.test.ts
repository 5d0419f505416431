// Signed statements and signed policy bundles, as the gateway writes them.
import {describe, expect, it} from 'vitest';
import {toHex, utf8} from '../../src/audit/bytes';
import {checkStatement, readStatement} from '../../src/audit/statement';
import {readBundle} from '../../src/policy/bundle';
import {base64, join, key, sha} from './tree';

async function signed(body: string, name: string) {
  const signer = await key(name, 1);
  return {text: `${body}\n\u2014 ${name} ${base64(join(signer.id, await signer.sign(body)))}\n`, keys: [signer.vkey]};
}

describe('a statement', () => {
  const body = `hetao-statement/1\nregion shenzhen\ntenant szu\nmonth 2026-11 +08:00\ndeparted 3\ndeparted-bytes 1200\ncheckpoint ${base64(utf8('shenzhen/ledger\n9\nAAAA\n'))}\n`;
  it('holds under the key that signed it', async () => {
    const {text, keys} = await signed(body, 'hetao/shenzhen');
    const found = await checkStatement(text, keys);
    expect(found.holds).toBe(true);
    expect(found.statement).toEqual({region: 'shenzhen', tenant: 'szu', month: '2026-11 +08:00', rows: [['departed', '3'], ['departed-bytes', '1200']], checkpoint: 'shenzhen/ledger\n9\nAAAA\n'});
  });
  it('does not hold when a figure was changed, or under another key', async () => {
    const {text, keys} = await signed(body, 'hetao/shenzhen');
    expect((await checkStatement(text.replace('departed 3', 'departed 2'), keys)).holds).toBe(false);
    expect((await checkStatement(text, (await signed(body, 'hetao/shenzhen')).keys)).holds).toBe(false);
  });
  it('is nothing else that is signed', async () => {
    const {text, keys} = await signed('hetao/shenzhen\n9\nAAAA\n', 'hetao/shenzhen');
    expect((await checkStatement(text, keys)).holds).toBe(false);
    expect(readStatement('hetao-statement/1\nregion a\nregion b\n\n')).toBeNull();
    expect(readStatement('')).toBeNull();
  });
});

describe('a policy bundle', () => {
  const content = '{"pack.yaml":"policy: p\\n","rules/1.yaml":"rules: []\\n"}';
  const bundle = async (edition = '7', of = content) => {
    const note = await signed(`hetao-policy-bundle/v1\nedition ${edition}\npack ${'3f'.repeat(32)}\ncontent ${toHex(await sha(utf8(of)))}\n`, 'policy-office');
    return {text: `${note.text}\n${content}`, keys: note.keys};
  };
  it('says whose it is, and holds for its own content', async () => {
    const {text, keys} = await bundle();
    const found = await readBundle(text, keys);
    expect(found).toMatchObject({edition: 7, files: ['pack.yaml', 'rules/1.yaml'], contentHolds: true});
    expect(found?.signed.map((one) => one.holds)).toEqual([true]);
  });
  it('does not hold for other content, or under another key', async () => {
    const other = await bundle('7', `${content} `);
    expect((await readBundle(other.text, other.keys))?.contentHolds).toBe(false);
    const {text} = await bundle();
    expect((await readBundle(text, other.keys))?.signed).toEqual([]);
    const touched = text.replace('edition 7', 'edition 8');
    expect((await readBundle(touched, (await bundle()).keys))?.signed.every((one) => !one.holds)).toBe(true);
  });
  it('is no file that is none', async () => {
    for (const text of ['', 'x\n\ny', (await bundle('0')).text, (await bundle('x')).text, (await bundle()).text.replace('{"', '["')]) expect(await readBundle(text, [])).toBeNull();
  });
});
