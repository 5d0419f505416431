// A job as YAML text: the one truth that both the form and the editor change. The form changes single values and leaves
// comments and everything that it does not know as they are.
import {isMap, isNode, LineCounter, parseDocument, type Document} from 'yaml';
import type {Mistake} from '../api/client';
import type {Mark} from '../ui/editor';

export const firstJob = `name: first-job
executors:
  - image: host/python3
    command: [python3, -c, "print('hello')"]
inputs: []
outputs: []
resources:
  cpu_cores: 1
  ram_gb: 1
tags:
  purpose: research
`;

export type Path = (string | number)[];

export interface Reading {
  document: Document;
  task: Record<string, unknown>;
  marks: Mark[];
  places: LineCounter;
}

export function readTask(text: string): Reading {
  const places = new LineCounter();
  const document = parseDocument(text, {lineCounter: places, prettyErrors: false});
  const marks: Mark[] = [...document.errors, ...document.warnings].map((problem) => {
    const where = places.linePos(problem.pos[0]);
    return {line: where.line, column: where.col, severity: 'error' as const, message: problem.message};
  });
  if (marks.length === 0 && document.contents !== null && !isMap(document.contents)) marks.push({line: 1, severity: 'error', message: 'a job is a map: name, executors, …'});
  const value = marks.length === 0 ? (document.toJS({maxAliasCount: 10}) as unknown) : {};
  return {document, task: value && typeof value === 'object' ? (value as Record<string, unknown>) : {}, marks, places};
}

// The text with one value changed; undefined takes it out.
export function withValue(text: string, path: Path, value: unknown): string {
  const {document, marks} = readTask(text);
  if (marks.length > 0) return text;
  if (document.contents === null) document.contents = document.createNode({}) as never;
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, typeof value === 'object' && value !== null ? document.createNode(value) : value);
  return document.toString({lineWidth: 0});
}

export function valueAt(task: unknown, path: Path): unknown {
  let here: unknown = task;
  for (const step of path) here = here !== null && typeof here === 'object' ? (here as Record<string | number, unknown>)[step] : undefined;
  return here;
}

// What the gateway found wrong, at its place in the text: "/executors/0/image".
export function marksOf(mistakes: Mistake[], reading: Reading): Mark[] {
  return mistakes.map((mistake) => {
    const steps = (mistake.pointer ?? '').split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    let line = 1;
    let column = 1;
    for (let length = steps.length; length >= 0; length -= 1) {
      const path = steps.slice(0, length).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
      const node = length === 0 ? reading.document.contents : reading.document.getIn(path, true);
      if (isNode(node) && node.range) {
        const where = reading.places.linePos(node.range[0]);
        line = where.line;
        column = where.col;
        break;
      }
    }
    return {line, column, severity: 'error', message: [mistake.message, mistake.expected, mistake.hint].filter(Boolean).join(' — ')};
  });
}
