// Why a job waits or was refused, in the reader's language.
import {describe, expect, it} from 'vitest';
import type {Crossing, Effect, Rule, Verdict} from '../../src/api/types';
import {rulesBehind, rulesNamed, titleIn} from '../../src/ui/because';

const known = [{id: 'R1', title: {en: 'No secrets', 'zh-Hans': '不得涉密', 'zh-Hant': '不得涉密'}}, {id: 'R2'}];
const rule = (id: string, effect: Effect): Rule => ({id, effect, title: `rule ${id}`});
const verdict = (decision: Effect, ...rules: Rule[]): Verdict => ({decision, rules, obligations: [], reason: ''});
const crossing = (state: string, ours?: Verdict, theirs?: Verdict): Crossing => ({id: state, job: 'j', from: 'shenzhen', to: 'hongkong', item: {name: 'x', kind: 'result', bytes: 1, labels: {}}, state, ours, theirs});

describe('a rule’s title', () => {
  it('is the one of the policy in force, in the reader’s language', () => {
    expect(titleIn('zh-Hans', {id: 'R1', title: 'No secrets'}, known)).toBe('不得涉密');
    expect(titleIn('zh-Hant', {id: 'R1'}, known)).toBe('不得涉密');
  });
  it('is none where another policy calls another rule by its id', () => {
    expect(titleIn('zh-Hans', {id: 'R1', title: 'Holidays'}, known)).toBe('');
    expect([titleIn('en', {id: 'R2', title: 'x'}, known), titleIn('en', {id: 'R3', title: 'x'}, known)]).toEqual(['', '']);
  });
});

describe('rules that a text names', () => {
  it('are those with id and title', () => {
    const rules = [...known, {id: 'R11', title: {en: 'No'}}];
    expect(rulesNamed('x.csv: held for review in shenzhen: R1 No secrets [law]; R2', rules).map(({id}) => id)).toEqual(['R1']);
    expect(rulesNamed('R1 is the room', rules)).toEqual([]);
  });
});

describe('the rules behind a job', () => {
  it('that is held are those of its held crossings, on both sides, each once', () => {
    const held = crossing('held', verdict('hold', rule('H1', 'hold'), rule('P1', 'permit'), rule('F1', 'forbid')), verdict('hold', rule('H1', 'hold'), rule('H2', 'hold')));
    const done = crossing('done', verdict('permit', rule('P2', 'permit')));
    expect(rulesBehind({state: 'held', crossings: [done, held]})?.map(({id}) => id)).toEqual(['H1', 'F1', 'H2']);
  });
  it('that policy refused are those that forbid', () => {
    const refused = crossing('refused', verdict('hold', rule('H1', 'hold')), verdict('forbid', rule('F1', 'forbid'), rule('P1', 'permit')));
    expect(rulesBehind({state: 'system-error', failure_class: 'policy', crossings: [refused]})?.map(({id}) => id)).toEqual(['F1']);
    expect(rulesBehind({state: 'system-error', failure_class: 'policy', crossings: [], verdict: verdict('forbid', rule('F2', 'forbid'))})?.map(({id}) => id)).toEqual(['F2']);
  });
  it('that a reviewer refused are those that asked for the reviewer', () => {
    expect(rulesBehind({state: 'system-error', failure_class: 'review', crossings: [crossing('refused', verdict('hold', rule('H1', 'hold')))]})?.map(({id}) => id)).toEqual(['H1']);
  });
  it('are none where something else stopped it', () => {
    expect(rulesBehind({state: 'executor-error', failure_class: 'executor', crossings: [], verdict: verdict('hold', rule('H1', 'hold'))})).toBeUndefined();
  });
});
