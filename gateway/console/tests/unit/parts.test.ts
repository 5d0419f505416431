// The pure parts of the pages.
import {describe, expect, it} from 'vitest';
import type {Entry, Job, Review} from '../../src/api/types';
import {booksOf, matchesOf} from '../../src/audit/books';
import {splitWords} from '../../src/jobs/command';
import {appended, nothingYet, type LogAnswer} from '../../src/jobs/follow';
import {suggestJob} from '../../src/jobs/schema';
import {firstJob, marksOf, readTask, valueAt, withValue} from '../../src/jobs/task';
import {momentsOf, sidesOf} from '../../src/jobs/timeline';
import {suggestPolicy} from '../../src/policy/schema';
import {shareOf, toneOf} from '../../src/network/shares';
import {byDeadline, left} from '../../src/reviews/deadline';
import {eventParser, type ServerEvent} from '../../src/shell/live';
import {bytes, duration, fromLocal, hours, localTime, money} from '../../src/ui/format';
import {spotAt} from '../../src/ui/yaml_path';

describe('times and sizes', () => {
  it('are those of both cities', () => {
    expect(localTime('2026-11-25T16:00:00Z')).toBe('2026-11-26 00:00:00');
    expect(fromLocal('2026-11-26T00:00')).toBe('2026-11-26T00:00:00+08:00');
    expect(localTime('no time')).toBe('no time');
  });
  it('are short', () => {
    expect([0, 999, 1000, 1_234_567, 100_000_000].map(bytes)).toEqual(['0 B', '999 B', '1.0 kB', '1.2 MB', '100 MB']);
    expect([1.25, 75, 600, 86_400 * 3].map(duration)).toEqual(['1.3 s', '75 s', '10 min', '3 d']);
  });
});

describe('money and shares', () => {
  it('are shown as they are told', () => {
    expect([money('12.50', 'CNY'), money(undefined, 'CNY'), money('0.00', undefined)]).toEqual(['12.50 CNY', '–', '0.00']);
    expect([hours(3600), hours(undefined), hours(90)]).toEqual(['1', '–', '0.03']);
  });
  it('warn before a limit, and at it', () => {
    expect([shareOf(1, 2), shareOf(0, 0), shareOf(5, 4)]).toEqual([0.5, 1, 1.25]);
    expect([0, 0.8, 0.81, 1, 2].map(toneOf)).toEqual(['', '', 'wait', 'bad', 'bad']);
  });
});

describe('server-sent events', () => {
  it('are whole however they are cut', () => {
    const stream = ': still here\n\nid: e-1\nevent: job\ndata: {"id":\ndata: "j"}\n\ndata: x\r\n\r\nevent: none\n\n';
    for (let cut = 1; cut < stream.length; cut += 1) {
      const found: ServerEvent[] = [];
      const parse = eventParser((event) => found.push(event));
      parse(stream.slice(0, cut));
      parse(stream.slice(cut));
      // A cut between CR and LF is an empty line more, which means nothing here.
      expect(found).toEqual([
        {id: 'e-1', event: 'job', data: '{"id":\n"j"}'},
        {id: 'e-1', event: 'message', data: 'x'},
      ]);
    }
  });
});

describe('a job as text', () => {
  it('keeps comments and what the form does not know', () => {
    const text = '# mine\nname: a # the name\nexecutors:\n  - {image: i, command: [c], future: 1}\n';
    const next = withValue(text, ['name'], 'b');
    expect(next).toContain('# mine');
    expect(next).toContain('name: b # the name');
    expect(next).toContain('future: 1');
  });
  it('makes what is not there, and takes out', () => {
    const text = withValue('name: a\n', ['resources', 'backend_parameters', 'accelerator'], 'ascend910b');
    expect(valueAt(readTask(text).task, ['resources', 'backend_parameters', 'accelerator'])).toBe('ascend910b');
    expect(readTask(withValue(firstJob, ['tags', 'purpose'], undefined)).task.tags).toEqual({});
  });
  it('is left alone while it is no YAML', () => {
    expect(withValue('a: [', ['name'], 'b')).toBe('a: [');
    expect(readTask('a: [').marks.length).toBeGreaterThan(0);
    expect(readTask('- a').marks[0]?.line).toBe(1);
  });
  it('shows the gateway’s mistakes where they are', () => {
    const reading = readTask('name: a\nexecutors:\n  - command: [c]\n    imgae: x\n');
    expect(marksOf([{pointer: '/executors/0/imgae', message: 'unknown member'}], reading)[0]).toMatchObject({line: 4});
    expect(marksOf([{pointer: '/executors/0/image', message: 'is missing'}], reading)[0]).toMatchObject({line: 3});
    expect(marksOf([{pointer: '', message: 'x'}], reading)[0]).toMatchObject({line: 1});
  });
  it('splits a command as people quote it', () => {
    expect(splitWords(`python3 -c "print('a b')" '' x\\ y`)).toEqual(['python3', '-c', "print('a b')", '', 'x y']);
  });
});

describe('completion', () => {
  const at = (text: string) => [text.replace('|', ''), text.indexOf('|')] as const;
  const known = {datasets: ['szu-grid'], regions: ['shenzhen', 'hongkong'], accelerators: ['ascend910b']};
  const labels = (text: string) => suggestJob(...at(text), known).options.map((one) => one.label);
  it('knows where it stands', () => {
    expect(spotAt(...at('a:\n  b:\n    c: x|'))).toMatchObject({path: ['a', 'b'], key: 'c', word: 'x'});
    expect(spotAt(...at('a:\n  - b: 1\n    c|'))).toMatchObject({path: ['a'], key: '', word: 'c'});
    expect(spotAt(...at('a:\n- b: 1\n  c|'))).toMatchObject({path: ['a'], word: 'c'});
    expect(spotAt(...at('a: {b: 1, c: x|'))).toMatchObject({path: ['a'], key: 'c', word: 'x'});
  });
  it('offers what a job may say', () => {
    expect(labels('|')).toContain('executors');
    expect(labels('executors:\n  - im|')).toContain('image');
    expect(labels('inputs:\n  - url: |')).toEqual(['dataset:szu-grid']);
    expect(labels('resources:\n  zones: |')).toEqual(['shenzhen', 'hongkong']);
    expect(labels('resources:\n  backend_parameters:\n    accelerator: |')).toEqual(['ascend910b']);
    expect(labels('tags:\n  purpose: |')).toContain('research');
  });
  it('offers what a policy may say', () => {
    const policy = (text: string) => suggestPolicy(...at(text)).options.map((one) => one.label);
    expect(policy('rules:\n  - id: X\n    effect: |')).toEqual(['permit', 'hold', 'forbid']);
    expect(policy('rules:\n  - id: X\n    when:\n      data.|')).toContain('data.grade');
    expect(policy('rules:\n  - id: X\n    when:\n      data.grade: |')).toContain('important');
    expect(policy('rules:\n  - id: X\n    |')).toContain('obligations');
  });
});

describe('what happened to a job', () => {
  const job = {
    id: 'j', name: 'n', state: 'complete', created: '', task: {}, outputs: [], region: 'shenzhen',
    history: [{state: 'queued', at: '2026-01-01T00:00:00Z'}, {state: 'complete', at: '2026-01-01T00:00:09Z'}],
    crossings: [{id: 'c', job: 'j', from: 'hongkong', to: 'shenzhen', item: {name: 'code', kind: 'code', bytes: 1, labels: {}}, state: 'done',
      ours: {decision: 'permit', rules: [], obligations: [], reason: '', region: 'hongkong', decided: '2026-01-01T00:00:01Z'},
      theirs: {decision: 'permit', rules: [], obligations: [], reason: '', region: 'shenzhen', decided: '2026-01-01T00:00:02Z'}}],
    executors: [{exit_code: 0, started: '2026-01-01T00:00:03Z', ended: '2026-01-01T00:00:04Z'}],
  } as Job;
  it('stands in the order of time, each on its side', () => {
    const moments = momentsOf(job, 'hongkong');
    expect(moments.map((moment) => [moment.what, moment.region])).toEqual([
      ['state', 'hongkong'], ['decision', 'hongkong'], ['decision', 'shenzhen'], ['started', 'shenzhen'], ['ended', 'shenzhen'], ['state', 'hongkong'],
    ]);
    expect(sidesOf(moments, job, 'hongkong')).toEqual(['shenzhen', 'hongkong']);
    expect(sidesOf([], {...job, crossings: []}, 'shenzhen')).toEqual(['shenzhen', '']);
  });
});

describe('a log that is followed', () => {
  const came = (next: string, text: string, more: Partial<LogAnswer> = {}): LogAnswer => ({state: 'running', complete: false, next, pieces: [{executor: 0, stream: 'stdout', text}], ...more});
  it('grows, stream by stream', () => {
    const first = appended(nothingYet, came('1:3,0', 'a\nb'));
    const next = appended(first, {...came('1:5,2', 'c\n'), pieces: [{executor: 0, stream: 'stdout', text: 'c\n'}, {executor: 1, stream: 'stderr', text: 'x', left_out: 7}]});
    expect(next.executors).toEqual([{stdout: 'a\nbc\n', stderr: ''}, {stdout: '', stderr: '… 7 B …\nx'}]);
    expect(first.executors[0]?.stdout).toBe('a\nb');
  });
  it('begins anew with another attempt', () => {
    expect(appended(appended(nothingYet, came('1:3,0', 'first')), came('2:1,0', 'second')).executors[0]?.stdout).toBe('second');
  });
  it('keeps the newest lines of what is too long', () => {
    const long = appended(appended(nothingYet, came('1:1,0', 'old\n'.repeat(300_000))), came('1:2,0', 'new\n')).executors[0]?.stdout ?? '';
    expect(long.length).toBeLessThanOrEqual(1_000_000);
    expect(long.startsWith('old\n') && long.endsWith('new\n')).toBe(true);
  });
});

describe('reviews', () => {
  it('stand by deadline', () => {
    const one = (id: string, expires?: string): Review => ({id, state: 'open', opened: '2026-01-01', expires});
    expect(byDeadline([one('never'), one('later', '2026-03-01'), one('soon', '2026-02-01')]).map((review) => review.id)).toEqual(['soon', 'later', 'never']);
    expect(left(one('x', '2026-01-01T00:00:10Z'), Date.parse('2026-01-01T00:00:00Z'))).toBe(10);
    expect(left(one('x'), 0)).toBeNull();
  });
});

describe('two books', () => {
  const entry = (kind: string, region: string, crossing: string, digest: string): Entry => ({sequence: 0, kind, time: '', region, crossing, item_digest: digest, item_bytes: 1});
  it('agree when what left is what arrived', () => {
    expect(matchesOf([entry('departed', 'a', 'x', '1'), entry('arrived', 'b', 'x', '1')])[0]?.state).toBe('same');
    expect(matchesOf([entry('departed', 'a', 'x', '1'), entry('arrived', 'b', 'x', '2')])[0]?.state).toBe('differ');
    expect(matchesOf([entry('departed', 'a', 'x', '1')])[0]?.state).toBe('open');
    expect(matchesOf([entry('departed', 'a', 'x', '1'), entry('recalled', 'a', 'x', '1')])[0]?.state).toBe('same');
  });
  it('have Shenzhen on the left', () => {
    expect(booksOf([entry('departed', 'shenzhen', 'x', '1')], 'hongkong')).toEqual(['shenzhen', 'hongkong']);
    expect(booksOf([entry('departed', 'hongkong', 'x', '1')], 'shenzhen')).toEqual(['shenzhen', 'hongkong']);
  });
});
