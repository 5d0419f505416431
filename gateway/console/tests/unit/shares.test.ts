// Who may say what about requests for data and about projects, and what is sent then.
import {describe, expect, it} from 'vitest';
import type {AccessRequest, Caller, Dataset, Project, ProjectSide, Role} from '../../src/api/types';
import {actsOn, byNeed} from '../../src/data/request';
import {bodyOf, grantsOf, isReady, needsReason, ownSide, saysOf} from '../../src/projects/acts';

const person = (tenant: string, ...roles: Role[]): Caller => ({user: 'somebody', tenant, roles});
const dataset: Dataset = {id: 'szu-buses', region: 'shenzhen', owner: 'szu', access: 'request', labels: {}};
const asked: AccessRequest = {id: 'ar-1', dataset: 'szu-buses', state: 'asked', in_force: false, tenant: 'hku', region: 'hongkong', purpose: 'research', asked: '2026-11-01T00:00:00Z'};
const side = (region: string, owner: string, more: Partial<ProjectSide> = {}): ProjectSide => ({region, owner, state: 'accepted', members: [], budget_cny: '0.00', promised_cny: '0.00', spent_cny: '0.00', datasets: [], ...more});
const project: Project = {id: 'lab', state: 'open', begun_in: 'hongkong', budget_cny: '0.00', used_cny: '0.00', datasets: ['b'], sides: [side('hongkong', 'hku', {datasets: [{dataset: 'b'}]}), side('shenzhen', 'szu', {datasets: [{dataset: 'b', until: '2027-01-01T00:00:00Z'}, {dataset: 'a'}]})]};

describe('a request for data', () => {
  it('is answered by its owner, where the data set is', () => {
    expect(actsOn(asked, dataset, person('szu', 'data-owner'), 'shenzhen')).toEqual(['grant', 'refuse']);
    expect(actsOn({...asked, state: 'granted'}, dataset, person('szu', 'data-owner'), 'shenzhen')).toEqual(['revoke']);
    expect(actsOn({...asked, state: 'refused'}, dataset, person('szu', 'data-owner'), 'shenzhen')).toEqual([]);
    expect(actsOn(asked, dataset, person('szu', 'submitter'), 'shenzhen')).toEqual([]);
    expect(actsOn(asked, dataset, person('siat', 'data-owner'), 'shenzhen')).toEqual([]);
    expect(actsOn(asked, dataset, person('szu', 'data-owner'), 'hongkong')).toEqual([]);
    expect(actsOn(asked, undefined, person('szu', 'data-owner'), 'shenzhen')).toEqual([]);
  });
  it('is taken back by who asked, where it was asked', () => {
    expect(actsOn(asked, dataset, person('hku', 'submitter'), 'hongkong')).toEqual(['withdraw']);
    expect(actsOn({...asked, state: 'granted'}, dataset, person('hku', 'data-owner'), 'hongkong')).toEqual(['withdraw']);
    expect(actsOn({...asked, state: 'revoked'}, dataset, person('hku', 'submitter'), 'hongkong')).toEqual([]);
    expect(actsOn(asked, dataset, person('hku', 'auditor'), 'hongkong')).toEqual([]);
    expect(actsOn(asked, dataset, null, 'hongkong')).toEqual([]);
  });
  it('stands first while it waits', () => {
    const old = {...asked, id: 'old', state: 'granted' as const, asked: '2026-10-01T00:00:00Z'};
    const late = {...asked, id: 'late', state: 'refused' as const, asked: '2026-11-20T00:00:00Z'};
    expect(byNeed([old, late, asked]).map(({id}) => id)).toEqual(['ar-1', 'late', 'old']);
  });
});

describe('a project', () => {
  it('is spoken for by the owner of each side, on that side', () => {
    expect(ownSide(project, person('szu', 'data-owner'), 'shenzhen')?.owner).toBe('szu');
    expect(ownSide(project, person('szu', 'data-owner'), 'hongkong')).toBeUndefined();
    expect(ownSide(project, person('szu', 'submitter'), 'shenzhen')).toBeUndefined();
    expect(ownSide(project, null, 'shenzhen')).toBeUndefined();
  });
  it('is answered when invited, changed when taking part, and not when it is over', () => {
    expect(saysOf(side('shenzhen', 'szu', {state: 'invited'}))).toEqual(['accept', 'decline']);
    expect(saysOf(side('shenzhen', 'szu'))).toEqual(['members', 'budget', 'grant', 'close']);
    expect([saysOf(side('shenzhen', 'szu', {state: 'closed'})), saysOf(undefined)]).toEqual([[], []]);
    expect((['accept', 'decline', 'close', 'members'] as const).map(needsReason)).toEqual([false, true, true, false]);
  });
  it('is told what its fields say, and no more', () => {
    const words = {members: 'cuhk, ust  cuhk、polyu', cny: ' 1250.50 ', dataset: ' szu-buses ', days: '14'};
    expect(bodyOf('members', words, '')).toEqual({members: ['cuhk', 'ust', 'polyu']});
    expect(bodyOf('members', {...words, members: ' '}, 'nobody else')).toEqual({members: [], reason: 'nobody else'});
    expect(bodyOf('budget', words, '')).toEqual({cny: '1250.50'});
    expect(bodyOf('grant', words, '')).toEqual({dataset: 'szu-buses', days: 14});
    expect(bodyOf('revoke', words, '')).toEqual({dataset: 'szu-buses'});
    expect(bodyOf('close', words, 'it is over')).toEqual({reason: 'it is over'});
  });
  it('waits until an amount, a data set and a term can be read', () => {
    const words = {members: '', cny: '', dataset: '', days: ''};
    expect(['', '12', '12.50', '-1', 'much'].map((cny) => isReady('budget', {...words, cny}))).toEqual([false, true, true, false, false]);
    expect([isReady('grant', words), isReady('grant', {...words, dataset: 'a'}), isReady('grant', {...words, dataset: 'a', days: '0'})]).toEqual([false, true, false]);
    expect(isReady('close', words)).toBe(true);
  });
  it('shows every data set with what each side says', () => {
    expect(grantsOf(project)).toEqual([
      {dataset: 'a', readable: false, sides: [null, {dataset: 'a'}]},
      {dataset: 'b', readable: true, sides: [{dataset: 'b'}, {dataset: 'b', until: '2027-01-01T00:00:00Z'}]},
    ]);
  });
});
