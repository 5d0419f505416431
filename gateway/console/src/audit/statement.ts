// A tenant's signed monthly statement: lines of "name value" under a first line of its own.
import {fromBase64} from './bytes';
import {checkSignatures, parseNote, parseKeys, signedByLog, type Signed} from './note';

export interface Statement {
  region: string;
  tenant: string;
  month: string;
  rows: [name: string, value: string][]; // what was counted
  checkpoint: string; // the head that it stands on, unsigned: its body
}

export function readStatement(text: string): Statement | null {
  const note = parseNote(text);
  if (!note) return null;
  const [first, ...lines] = note.body.trimEnd().split('\n');
  if (first !== 'hetao-statement/1') return null;
  const found = new Map<string, string>();
  for (const line of lines) {
    const space = line.indexOf(' ');
    if (space < 1 || found.has(line.slice(0, space))) return null;
    found.set(line.slice(0, space), line.slice(space + 1));
  }
  const head = fromBase64(found.get('checkpoint') ?? '');
  const named = ['region', 'tenant', 'month', 'checkpoint'];
  return {
    region: found.get('region') ?? '',
    tenant: found.get('tenant') ?? '',
    month: found.get('month') ?? '',
    rows: [...found].filter(([name]) => !named.includes(name)),
    checkpoint: head ? new TextDecoder().decode(head) : '',
  };
}

export interface CheckedStatement {
  statement: Statement | null;
  signed: Signed[];
  holds: boolean;
}

export async function checkStatement(text: string, keys: string[]): Promise<CheckedStatement> {
  const note = parseNote(text);
  const statement = readStatement(text);
  const signed = note ? await checkSignatures(note, await parseKeys(keys)) : [];
  return {statement, signed, holds: statement !== null && signedByLog(signed)};
}
