// A signed policy bundle, looked at in this browser before it is sent: whose it is, which edition, and that the signed
// lines are of this content. The gateway judges by itself.
import {sha256, toHex, utf8} from '../audit/bytes';
import {checkSignatures, parseKeys, parseNote, type Signed} from '../audit/note';

export interface Bundle {
  edition: number;
  pack: string; // the digest that was signed
  files: string[];
  contentHolds: boolean;
  signed: Signed[];
}

// Null: it is no bundle.
export async function readBundle(text: string, signers: string[]): Promise<Bundle | null> {
  const note = parseNote(text);
  const [first, ...lines] = (note?.body ?? '').trimEnd().split('\n');
  const [edition, pack, digest] = ['edition ', 'pack ', 'content '].map((name, at) => (lines[at]?.startsWith(name) ? lines[at].slice(name.length) : null));
  if (!note || first !== 'hetao-policy-bundle/v1' || lines.length !== 3 || !edition || !/^[1-9]\d{0,15}$/.test(edition) || !pack || !digest) return null;
  const end = text.indexOf('\n\n', text.indexOf('\n\n') + 2);
  if (end < 0) return null;
  const content = text.slice(end + 2);
  try {
    const files = Object.keys(JSON.parse(content) as Record<string, string>).sort();
    return {edition: Number(edition), pack, files, contentHolds: toHex(await sha256(utf8(content))) === digest, signed: await checkSignatures(note, await parseKeys(signers))};
  } catch {
    return null;
  }
}
