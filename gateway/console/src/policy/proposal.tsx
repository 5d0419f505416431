// One proposal with all that its checks found: what the second person approves.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useState} from 'react';
import {useParams} from 'wouter';
import {get, post, saveText} from '../api/client';
import type {Proposal} from '../api/types';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {short} from '../ui/format';
import {Facts, Mono, Page, Panel, ProblemNote, Shown, StateTag, Time} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {ReportTabs} from './report';

type Act = 'approve' | 'reject' | 'withdraw' | 'activate';

// As one file, with its signatures if it has any.
async function savePack(digest: string) {
  const {bundle} = await get<{bundle?: string}>(`/api/v1/policy/packs/${encodeURIComponent(digest)}`);
  saveText(`${short(digest)}.bundle`, bundle ?? '');
}

export default function ProposalPage() {
  const {id = ''} = useParams<{id: string}>();
  const {t} = useWords();
  const {has, caller} = useSession();
  const client = useQueryClient();
  const [act, setAct] = useState<Act | null>(null);
  const [error, setError] = useState<unknown>(null);
  const proposal = useQuery({queryKey: ['policy', 'proposal', id], queryFn: ({signal}) => get<Proposal>(`/api/v1/policy/proposals/${encodeURIComponent(id)}`, signal), refetchInterval: usePace(6000)});
  const data = proposal.data;
  const mine = Boolean(data && caller && (data.proposed_by === `${caller.tenant}/${caller.user}` || data.proposed_by === caller.user));
  const run = async (reason: string) => {
    if (act === 'activate') await post('/api/v1/policy/activations', {pack: id, ...(reason ? {reason} : {})});
    else await post(`/api/v1/policy/proposals/${encodeURIComponent(id)}/${act}`, {...(reason ? {reason} : {}), ...(act === 'approve' ? {pack: data?.pack.digest, diff_digest: data?.diff_digest} : {})});
    await client.invalidateQueries({predicate: (query) => ['policy', 'status', 'pack'].includes(String(query.queryKey[0]))});
  };
  const titles: Record<Act, string> = {approve: t('proposal.approve'), reject: t('proposal.reject'), withdraw: t('proposal.withdraw'), activate: t('proposal.activate')};
  return (
    <Page
      title={data ? `${data.pack.name} ${data.pack.version ?? ''}` : t('proposal.title')}
      lead={<Mono>{id}</Mono>}
      aside={
        data &&
        has('policy-admin') && (
          <>
            <Button onClick={() => void savePack(data.pack.digest).catch(setError)}>{t('proposal.save')}</Button>
            {data.state === 'proposed' && !mine && (
              <>
                <Button type="primary" onClick={() => setAct('approve')}>
                  {titles.approve}
                </Button>
                <Button danger onClick={() => setAct('reject')}>
                  {titles.reject}
                </Button>
              </>
            )}
            {data.state === 'approved' && (
              <Button type="primary" onClick={() => setAct('activate')}>
                {titles.activate}
              </Button>
            )}
            {['proposed', 'approved'].includes(data.state) && <Button onClick={() => setAct('withdraw')}>{titles.withdraw}</Button>}
          </>
        )
      }
    >
      <ProblemNote error={error} />
      <Shown of={proposal}>
        {(found) => (
          <>
            <Panel>
              <p className="row">
                <StateTag area="proposal" state={found.state} /> {found.pack.shadow && <span className="tag">{t('changes.shadow')}</span>} {mine && found.state === 'proposed' && <span className="small">{t('proposal.secondPerson')}</span>}
              </p>
              <Facts
                rows={[
                  [t('proposal.by'), `${found.proposed_by}`],
                  [t('proposal.at'), <Time key="t" at={found.proposed} />],
                  [t('shell.reason'), found.reason],
                  [t('proposal.answeredBy'), found.answered_by],
                  [t('proposal.answer'), found.answer],
                  [t('proposal.pack'), <Mono key="p" title={found.pack.digest}>{short(found.pack.digest)}</Mono>],
                  [t('bundle.edition'), found.pack.edition],
                  [t('bundle.signer'), found.pack.signer],
                  [t('proposal.base'), <Mono key="b" title={found.base}>{short(found.base)}</Mono>],
                  [t('proposal.diff'), <Mono key="d" title={found.diff_digest}>{short(found.diff_digest)}</Mono>],
                ]}
              />
            </Panel>
            {found.report && (
              <Panel>
                <ReportTabs report={found.report} label={t('proposal.title')} />
              </Panel>
            )}
          </>
        )}
      </Shown>
      <ReasonDialog draft={`proposal.${id}.${act ?? ''}`} open={act !== null} title={act ? titles[act] : ''} confirm={act ? titles[act] : ''} danger={act === 'reject'} note={act === 'approve' ? t('proposal.approveNote') : undefined} optional act={run} close={() => setAct(null)} />
    </Page>
  );
}
