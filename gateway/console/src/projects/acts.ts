// What this side's owner says about a project, and when it may be said. The gateway judges by itself.
import type {Caller, Project, ProjectSide} from '../api/types';

export type ProjectSay = 'accept' | 'decline' | 'close' | 'members' | 'budget' | 'grant' | 'revoke';
export interface ProjectWords {
  members: string;
  cny: string;
  dataset: string;
  days: string;
}

export const needsReason = (say: ProjectSay) => say === 'decline' || say === 'close';

// The half that the caller speaks for, if there is one.
export const ownSide = (project: Project, caller: Caller | null, here: string): ProjectSide | undefined =>
  caller?.roles.includes('data-owner') ? project.sides.find((side) => side.region === here && side.owner === caller.tenant) : undefined;

export function saysOf(side: ProjectSide | undefined): ProjectSay[] {
  if (side?.state === 'invited') return ['accept', 'decline'];
  return side?.state === 'accepted' ? ['members', 'budget', 'grant', 'close'] : [];
}

const listed = (text: string) => text.split(/[\s,，、]+/).filter(Boolean);

export function bodyOf(say: ProjectSay, words: ProjectWords, reason: string): Record<string, unknown> {
  const body: Record<string, unknown> = reason ? {reason} : {};
  if (say === 'members') body.members = [...new Set(listed(words.members))];
  if (say === 'budget') body.cny = words.cny.trim();
  if (say === 'grant' || say === 'revoke') body.dataset = words.dataset.trim();
  if (say === 'grant' && words.days) body.days = Number(words.days);
  return body;
}

// Whether the fields are filled in.
export function isReady(say: ProjectSay, words: ProjectWords): boolean {
  if (say === 'budget') return /^\d+(\.\d{1,6})?$/.test(words.cny.trim());
  if (say === 'grant' || say === 'revoke') return words.dataset.trim() !== '' && /^([1-9]\d*)?$/.test(words.days);
  return true;
}

export interface Granted {
  dataset: string;
  readable: boolean; // granted by both sides, and in force
  sides: ({until?: string} | null)[]; // as the project's sides stand; null: not granted there
}

// Every data set that a side grants, with what each side says of it.
export const grantsOf = (project: Project): Granted[] =>
  [...new Set(project.sides.flatMap((side) => side.datasets.map(({dataset}) => dataset)))].sort().map((dataset) => ({
    dataset,
    readable: project.datasets.includes(dataset),
    sides: project.sides.map((side) => side.datasets.find((each) => each.dataset === dataset) ?? null),
  }));
