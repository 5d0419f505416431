// A command as people type it, and as a list of words.

// Double quotes where they read better, single ones where they are safe.
const quoted = (word: string) => (word.includes("'") && !/["\\]/.test(word) ? `"${word}"` : `'${word.replaceAll("'", `'"'"'`)}'`);

export const joinWords = (command: unknown) => (Array.isArray(command) ? command.map((part) => (/^[\w./:=@%+,-]+$/.test(String(part)) ? String(part) : quoted(String(part)))).join(' ') : '');

// A command line into its words; quotes as in a shell, and nothing else of a shell.
export function splitWords(line: string): string[] {
  const out: string[] = [];
  let word = '';
  let quote = '';
  let open = false;
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] as string;
    if (quote) {
      if (letter === quote) quote = '';
      else if (letter === '\\' && quote === '"' && at + 1 < line.length) word += line[(at += 1)];
      else word += letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      open = true;
    } else if (letter === '\\' && at + 1 < line.length) {
      word += line[(at += 1)];
      open = true;
    } else if (/\s/.test(letter)) {
      if (open || word) out.push(word);
      word = '';
      open = false;
    } else word += letter;
  }
  if (open || word) out.push(word);
  return out;
}

