// No string is missing in any language, none is written past the table, none is dead.
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import ts from 'typescript';
import {describe, expect, it} from 'vitest';
import {filled, preferredLanguage} from '../../src/words';
import {rows} from '../../src/words/table';

const src = join(__dirname, '../../src');
const files = (readdirSync(src, {recursive: true}) as string[]).filter((file) => /\.tsx?$/.test(file) && !file.startsWith('words'));
const sources = files.map((file) => ({file, text: readFileSync(join(src, file), 'utf8')}));
const holes = (text: string) => [...text.matchAll(/\{(\w+)/g)].map((found) => found[1]).sort();

describe('words', () => {
  it('stand in all three languages', () => {
    const wrong = Object.entries(rows).filter(
      ([, row]) =>
        row.length !== 3 ||
        row.some((text) => text.trim() === '') ||
        /[\u4e00-\u9fff]/.test(row[0]) ||
        row.slice(1).some((text) => [...new Set(holes(text))].join() !== [...new Set(holes(row[0]))].join()),
    );
    expect(wrong).toEqual([]);
  });

  it('has no row that nobody says', () => {
    const all = sources.map(({text}) => text).join('\n');
    const areas = new Set([...all.matchAll(/word\(\s*'(\w+)'|area="(\w+)"|pick\([^)]*?'(\w+)',/g)].flatMap((found) => found.slice(1)).filter(Boolean));
    const dead = Object.keys(rows).filter((key) => !all.includes(`'${key}'`) && !areas.has(key.split('.')[0] ?? ''));
    expect(dead).toEqual([]);
  });

  // What a person reads comes from the table: no letters in JSX text or in the attributes that are read out.
  it('no page says anything that is not in the table', () => {
    const spoken = new Set(['title', 'label', 'placeholder', 'aria-label', 'alt', 'lead', 'confirm', 'note']);
    const same = new Set(['YAML', 'SHA-256', '/data', '/out/result.csv', 'result:NAME', 'dataset:ID', 'rules/99-new.yaml', '/s', 'B']);
    const found: string[] = [];
    for (const {file, text} of sources) {
      if (!file.endsWith('.tsx')) continue;
      const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TSX);
      const visit = (node: ts.Node) => {
        if (ts.isJsxText(node) && /\p{L}/u.test(node.text) && !same.has(node.text.trim())) found.push(`${file}: ${node.text.trim()}`);
        if (ts.isJsxAttribute(node) && spoken.has(node.name.getText()) && node.initializer && ts.isStringLiteral(node.initializer) && /\p{L}/u.test(node.initializer.text) && !same.has(node.initializer.text)) {
          found.push(`${file}: ${node.name.getText()}="${node.initializer.text}"`);
        }
        ts.forEachChild(node, visit);
      };
      visit(tree);
    }
    expect(found).toEqual([]);
  });

  it('fills in and counts', () => {
    expect(filled('{count|job|jobs} in {city}', {count: 1, city: 'Shenzhen'})).toBe('1 job in Shenzhen');
    expect(filled('{count|job|jobs}', {count: 2})).toBe('2 jobs');
    expect(filled('{x}', {x: '<b>'})).toBe('<b>');
  });

  it('takes the language that the browser asks for', () => {
    expect(preferredLanguage(['zh-CN'])).toBe('zh-Hans');
    expect(preferredLanguage(['zh-HK', 'en'])).toBe('zh-Hant');
    expect(preferredLanguage(['zh-TW'])).toBe('zh-Hant');
    expect(preferredLanguage(['fr', 'en-GB'])).toBe('en');
    expect(preferredLanguage(['fr'])).toBe('en');
  });
});
