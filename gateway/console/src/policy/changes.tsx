// What was in force when, by whom; what is proposed; the way back.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useState} from 'react';
import {Link} from 'wouter';
import {get, post} from '../api/client';
import type {Activation, History, PackRef} from '../api/types';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {short} from '../ui/format';
import {Mono, Page, Panel, Shown, StateTag, Time} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {Table} from '../ui/table';
import {ShadowPanel} from './shadow';

function PackTags({pack}: {pack: PackRef}) {
  const {t} = useWords();
  return (
    <>
      {pack.shadow && <span className="tag">{t('changes.shadow')}</span>}
      {pack.signer && <span className="tag">{t('bundle.signedEdition', {signer: pack.signer, edition: pack.edition ?? 0})}</span>}
    </>
  );
}

// What was in force when, the policy of the configuration last: it stood there before the first change.
function lineOf({activations}: History): Activation[] {
  const first = activations.at(-1)?.replaced;
  if (!first || activations.some((each) => each.pack.digest === first)) return activations;
  return [...activations, {number: 0, pack: {digest: first, name: ''}, at: '', by: '', ledger_sequence: 0}];
}

export default function Changes() {
  const {t} = useWords();
  const {has} = useSession();
  const client = useQueryClient();
  const [back, setBack] = useState<Activation | null>(null);
  const history = useQuery({queryKey: ['policy', 'history'], queryFn: ({signal}) => get<History>('/api/v1/policy/history', signal), refetchInterval: usePace(6000)});
  const roll = async (reason: string) => {
    await post('/api/v1/policy/activations', {pack: back?.pack.digest, reason});
    await client.invalidateQueries({predicate: (query) => ['policy', 'status', 'pack'].includes(String(query.queryKey[0]))});
  };
  return (
    <Page title={t('nav.policyChanges')} lead={t('changes.lead')}>
      <Shown of={history}>
        {(data) => (
          <>
            <Panel title={t('changes.proposals')}>
              <Table
                label={t('changes.proposals')}
                rows={data.proposals}
                keyOf={(proposal) => proposal.id}
                none={t('changes.noProposals')}
                columns={[
                  {
                    head: t('proposal.pack'),
                    cell: ({id, pack}) => (
                      <>
                        <Link href={`/policy/changes/${encodeURIComponent(id)}`}>
                          {pack.name} {pack.version}
                        </Link>{' '}
                        <PackTags pack={pack} />
                      </>
                    ),
                  },
                  {head: t('jobs.state'), cell: (proposal) => <StateTag area="proposal" state={proposal.state} />},
                  {
                    head: t('proposal.by'),
                    cell: (proposal) => (
                      <>
                        {proposal.proposed_by} <Time at={proposal.proposed} />
                        {proposal.reason && <span className="basis">{proposal.reason}</span>}
                      </>
                    ),
                  },
                  {
                    head: t('proposal.answeredBy'),
                    cell: (proposal) => (
                      <>
                        {proposal.answered_by} {proposal.answered && <Time at={proposal.answered} />}
                        {proposal.answer && <span className="basis">{proposal.answer}</span>}
                      </>
                    ),
                  },
                  {head: t('edit.diff'), cell: (proposal) => <Mono>{proposal.summary}</Mono>},
                ]}
              />
            </Panel>
            <Panel title={t('changes.history')} aside={<span className="small">{t('changes.active')} <Mono title={data.active}>{short(data.active)}</Mono></span>}>
              <Table
                label={t('changes.history')}
                rows={lineOf(data)}
                keyOf={(activation) => activation.number}
                none={t('changes.first')}
                columns={[
                  {head: '№', number: true, cell: (activation) => activation.number},
                  {
                    head: t('proposal.pack'),
                    cell: ({number, pack, rollback}) => (
                      <>
                        {number === 0 ? t('changes.configured') : `${pack.name} ${pack.version ?? ''}`} <Mono title={pack.digest}>{short(pack.digest)}</Mono> <PackTags pack={pack} />
                        {pack.digest === data.active && <span className="tag tone-good">{t('changes.inForce')}</span>}
                        {rollback && <span className="tag tone-wait">{t('changes.rollback')}</span>}
                      </>
                    ),
                  },
                  {head: t('audit.time'), cell: (activation) => <Time at={activation.at} />},
                  {
                    head: t('audit.who'),
                    cell: (activation) => (
                      <>
                        {activation.by}
                        {activation.approved_by && <span className="basis">{t('changes.approvedBy', {who: activation.approved_by})}</span>}
                        {activation.reason && <span className="basis">{activation.reason}</span>}
                      </>
                    ),
                  },
                  {
                    head: t('filings.act'),
                    cell: (activation) =>
                      has('policy-admin') &&
                      activation.pack.digest !== data.active && (
                        <Button size="small" onClick={() => setBack(activation)}>
                          {t('changes.goBack')}
                        </Button>
                      ),
                  },
                ]}
              />
            </Panel>
            <ShadowPanel />
          </>
        )}
      </Shown>
      <ReasonDialog draft="policy.rollback" open={back !== null} title={t('changes.goBackTitle', {pack: `${back?.pack.name ?? ''} ${back?.pack.version ?? ''} ${short(back?.pack.digest)}`})} confirm={t('changes.goBack')} danger act={roll} close={() => setBack(null)} />
    </Page>
  );
}
