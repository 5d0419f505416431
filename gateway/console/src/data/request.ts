// What the caller may do with a request for data. The gateway judges by itself.
import type {AccessRequest, Caller, Dataset} from '../api/types';

export type AccessAct = 'grant' | 'refuse' | 'revoke' | 'withdraw';

export function actsOn(request: AccessRequest, dataset: Dataset | undefined, caller: Caller | null, here: string): AccessAct[] {
  if (!caller) return [];
  const waits = request.state === 'asked';
  const granted = request.state === 'granted';
  const acts: AccessAct[] = [];
  // The owner answers where the data set is; who asked takes it back where it was asked.
  if (caller.roles.includes('data-owner') && dataset?.owner === caller.tenant && dataset.region === here) {
    if (waits) acts.push('grant', 'refuse');
    if (granted) acts.push('revoke');
  }
  const asks = caller.roles.includes('submitter') || caller.roles.includes('data-owner');
  if (asks && request.tenant === caller.tenant && request.region === here && (waits || granted)) acts.push('withdraw');
  return acts;
}

// What waits for an answer first, then the newest.
export const byNeed = (requests: AccessRequest[]) =>
  [...requests].sort((a, b) => Number(b.state === 'asked') - Number(a.state === 'asked') || (b.asked ?? '').localeCompare(a.asked ?? ''));
