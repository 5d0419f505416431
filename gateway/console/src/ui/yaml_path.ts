// Where in a YAML document the cursor stands: the keys above it by indentation. Enough to suggest what may stand there;
// the gateway says what is right.

export interface Spot {
  path: string[]; // keys that lead here; a list's items add nothing
  key: string; // of this line, when the cursor is in its value; else empty
  word: string; // what has been typed of the key or value
  from: number; // where the word begins
}

const lineParts = /^(\s*)((?:- +)*)(?:(["']?)([\w.$:/-]+)\3\s*:(?:\s+|$))?/;

export function spotAt(text: string, at: number): Spot {
  const before = text.slice(0, at).split('\n');
  const line = before.pop() ?? '';
  const own = lineParts.exec(line);
  const indent = (own?.[1]?.length ?? 0) + (own?.[2]?.length ?? 0);
  const path: string[] = [];
  let limit = indent;
  for (let index = before.length - 1; index >= 0 && limit > 0; index -= 1) {
    const above = before[index] ?? '';
    if (!above.trim() || above.trim().startsWith('#')) continue;
    const parts = lineParts.exec(above);
    const dash = parts?.[1]?.length ?? 0;
    const column = dash + (parts?.[2]?.length ?? 0);
    if (parts?.[4] && column < limit) {
      path.unshift(parts[4]);
      limit = column;
    }
    if (parts?.[2] && dash < limit) limit = dash; // a list may stand as deep as its key
    if (limit === 0 && parts?.[2] && !parts[1]) limit = 1;
  }
  const rest = line.slice(own?.[0]?.length ?? 0);
  // Inside {a: b, c…} of one line.
  const flow = /[{,]\s*(?:([\w.]+)\s*:\s*)?([\w.:-]*)$/.exec(line);
  if (own?.[4] && /\{[^}]*$/.test(rest) && flow) return {path: [...path, own[4]], key: flow[1] ?? '', word: flow[2] ?? '', from: at - (flow[2]?.length ?? 0)};
  if (!own?.[4] && /\{[^}]*$/.test(line) && flow) return {path, key: flow[1] ?? '', word: flow[2] ?? '', from: at - (flow[2]?.length ?? 0)};
  const word = /[\w.:/-]*$/.exec(own?.[4] ? rest : line.slice(indent))?.[0] ?? '';
  return {path, key: own?.[4] ?? '', word, from: at - word.length};
}
