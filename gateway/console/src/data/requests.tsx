// Requests for data sets that are given on request: one's own, and for owners those that wait for their answer.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {Link} from 'wouter';
import {get, post, query} from '../api/client';
import type {AccessRequest, Dataset} from '../api/types';
import {useAddress} from '../shell/address';
import {useDraft} from '../shell/drafts';
import {useStatus} from '../shell/frame';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {Sheet} from '../ui/drawer';
import {Field, Pick} from '../ui/fields';
import {City, Facts, Page, Panel, Shown, StateTag, Time} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {Table} from '../ui/table';
import {actsOn, byNeed, type AccessAct} from './request';

const states = ['asked', 'granted', 'refused', 'withdrawn', 'revoked'];

export function AccessTag({request}: {request: AccessRequest}) {
  const {t} = useWords();
  return (
    <>
      <StateTag area="accessState" state={request.state} /> {request.state === 'granted' && !request.in_force && <span className="tag">{t('access.over')}</span>}
    </>
  );
}

function Answer({request, act, close}: {request: AccessRequest; act: AccessAct; close: () => void}) {
  const {t, word} = useWords();
  const client = useQueryClient();
  const [days, setDays, forget] = useDraft(`access.${request.id}.days`, '');
  const send = async (reason: string) => {
    await post(`/api/v1/access/${encodeURIComponent(request.id)}/${act}`, {...(reason ? {reason} : {}), ...(act === 'grant' && days ? {days: Number(days)} : {})});
    forget();
    await client.invalidateQueries({queryKey: ['access']});
  };
  return (
    <ReasonDialog
      draft={`access.${request.id}.${act}`}
      open
      title={`${word('accessAct', act)}: ${request.dataset}`}
      confirm={word('accessAct', act)}
      danger={act === 'refuse' || act === 'revoke'}
      optional={act === 'withdraw'}
      act={send}
      close={close}
    >
      {act === 'grant' && <Field label={t('access.fewerDays')} type="number" min={1} value={days} put={setDays} />}
    </ReasonDialog>
  );
}

function RequestView({request, dataset}: {request: AccessRequest; dataset?: Dataset}) {
  const {t, word} = useWords();
  const {caller} = useSession();
  const here = useStatus().data?.region ?? '';
  const [act, setAct] = useState<AccessAct | null>(null);
  return (
    <>
      <p className="row">
        <AccessTag request={request} />
      </p>
      <Facts
        rows={[
          [t('access.dataset'), <Link key="d" href={`/data?id=${encodeURIComponent(request.dataset)}`}>{request.dataset}</Link>],
          [t('data.titleOf'), dataset?.title],
          [t('data.owner'), dataset?.owner],
          [t('access.who'), `${request.user ?? ''} · ${request.tenant}`],
          [t('data.region'), <City key="r" region={request.region} />],
          [t('job.purpose'), word('purpose', request.purpose)],
          [t('access.why'), request.reason],
          [t('access.asked'), <Time key="a" at={request.asked} />],
          [t('access.until'), <Time key="u" at={request.until} />],
          [t('review.answeredBy'), request.answered_by],
          [t('review.answered'), request.answered && <Time key="n" at={request.answered} />],
          [t('access.answer'), request.answer],
        ]}
      />
      <p className="row" style={{marginTop: 16}}>
        {actsOn(request, dataset, caller, here).map((each) => (
          <Button key={each} type={each === 'grant' ? 'primary' : undefined} danger={each === 'refuse' || each === 'revoke'} onClick={() => setAct(each)}>
            {word('accessAct', each)}
          </Button>
        ))}
      </p>
      {act && <Answer request={request} act={act} close={() => setAct(null)} />}
    </>
  );
}

export default function Requests() {
  const {t, word} = useWords();
  const {at, put} = useAddress();
  const state = at('state');
  const dataset = at('dataset');
  const pace = usePace(4000, 6000); // no event tells of them
  const requests = useQuery({queryKey: ['access', state, dataset], queryFn: ({signal}) => get<{requests: AccessRequest[]}>(`/api/v1/access${query({state, dataset})}`, signal), refetchInterval: pace});
  const datasets = useQuery({queryKey: ['datasets'], queryFn: ({signal}) => get<{datasets: Dataset[]}>('/api/v1/datasets', signal)});
  const chosen = at('id');
  // One that was answered may have left the list that was asked for.
  const one = useQuery({queryKey: ['access', 'one', chosen], queryFn: ({signal}) => get<AccessRequest>(`/api/v1/access/${encodeURIComponent(chosen)}`, signal), enabled: chosen !== '', refetchInterval: pace});
  const datasetOf = (id?: string) => datasets.data?.datasets.find((each) => each.id === id);
  return (
    <Page title={t('nav.access')} lead={t('access.lead')}>
      <Panel>
        <form className="row ends" role="search" onSubmit={(event) => event.preventDefault()}>
          <Pick label={t('jobs.state')} area="accessState" options={states} any={t('jobs.anyState')} value={state} put={(value) => put('state', value)} />
          <Field label={t('access.dataset')} value={dataset} put={(value) => put('dataset', value)} options={datasets.data?.datasets.map(({id}) => id)} />
        </form>
      </Panel>
      <Panel>
        <Shown of={requests}>
          {(data) => (
            <Table
              label={t('nav.access')}
              rows={byNeed(data.requests)}
              keyOf={(request) => request.id}
              none={t('access.none')}
              columns={[
                {
                  head: t('access.dataset'),
                  cell: ({id, dataset: name}) => (
                    <a
                      href={`?id=${encodeURIComponent(id)}`}
                      onClick={(event) => {
                        event.preventDefault();
                        put('id', id, 'back');
                      }}
                    >
                      {name}
                    </a>
                  ),
                },
                {head: t('jobs.state'), cell: (request) => <AccessTag request={request} />},
                {
                  head: t('access.who'),
                  cell: (request) => (
                    <>
                      {request.user} <span className="small">{request.tenant}</span>
                    </>
                  ),
                },
                {head: t('data.region'), cell: (request) => <City region={request.region} />},
                {head: t('job.purpose'), cell: (request) => word('purpose', request.purpose)},
                {head: t('access.asked'), cell: (request) => <Time at={request.asked} />},
                {head: t('access.until'), cell: (request) => <Time at={request.until} />},
              ]}
            />
          )}
        </Shown>
      </Panel>
      <Sheet open={chosen !== ''} close={() => put('id', null)} title={one.data ? t('access.title', {dataset: one.data.dataset, tenant: one.data.tenant}) : chosen}>
        <Shown of={one}>{(request) => <RequestView request={request} dataset={datasetOf(request.dataset)} />}</Shown>
      </Sheet>
    </Page>
  );
}
