// What happened to a job, on both sides of the boundary, in the order of time.
import type {Job} from '../api/types';

export interface Moment {
  at: string;
  region: string;
  what: 'state' | 'decision' | 'started' | 'ended';
  code: string; // of the state, the decision
  about: string; // the item, the note
}

export function momentsOf(job: Job, home: string): Moment[] {
  const out: Moment[] = job.history.map((change) => ({at: change.at, region: home, what: 'state', code: change.state, about: change.note ?? ''}));
  for (const crossing of job.crossings) {
    for (const verdict of [crossing.ours, crossing.theirs]) {
      if (verdict?.decided && verdict.region) out.push({at: verdict.decided, region: verdict.region, what: 'decision', code: verdict.decision, about: crossing.item.name});
    }
  }
  for (const executor of job.executors ?? []) {
    const region = job.region || home;
    if (executor.started) out.push({at: executor.started, region, what: 'started', code: '', about: ''});
    if (executor.ended) out.push({at: executor.ended, region, what: 'ended', code: String(executor.exit_code), about: executor.reason ?? ''});
  }
  return out.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

// Home and the other side; Shenzhen left, Hong Kong right.
export function sidesOf(moments: Moment[], job: Job, home: string): [string, string] {
  const other = [...moments.map((moment) => moment.region), ...job.crossings.flatMap((crossing) => [crossing.from, crossing.to])].find((region) => region && region !== home) ?? '';
  return home === 'hongkong' || other === 'shenzhen' ? [other, home] : [home, other];
}
