// A signed bundle from the policy office: looked at here, checked by the gateway, proposed. Editions only grow.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {useLocation} from 'wouter';
import {get, post} from '../api/client';
import type {History, PolicyReport, Proposal} from '../api/types';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {number, short} from '../ui/format';
import {Facts, Mono, Nothing, Page, Panel, ProblemNote, Waiting} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {usePolicy} from '../ui/verdict';
import {readBundle} from './bundle';
import {LintView, mistakesOf, ReportTabs} from './report';

function Looked({text, signers, highest}: {text: string; signers: string[]; highest: number}) {
  const {t} = useWords();
  const looked = useQuery({queryKey: ['bundle', text, signers], queryFn: () => readBundle(text, signers), staleTime: Infinity});
  if (looked.isPending) return <Waiting />;
  const bundle = looked.data;
  if (!bundle) {
    return (
      <p className="note bad" role="alert">
        {t('bundle.isNone')}
      </p>
    );
  }
  const signer = bundle.signed.find((one) => one.holds);
  const newer = bundle.edition > highest;
  return (
    <>
      <ol className="proof-steps">
        <li className={bundle.contentHolds ? 'good' : 'bad'}>{bundle.contentHolds ? t('bundle.content') : t('bundle.otherContent')}</li>
        <li className={signer ? 'good' : 'bad'}>
          {signer ? t('bundle.signed') : t('bundle.notSigned')} {signer && <Mono>{signer.key.name}</Mono>}
        </li>
        <li className={newer ? 'good' : 'bad'}>{newer ? t('bundle.newer', {edition: bundle.edition, highest}) : t('bundle.older', {edition: bundle.edition, highest})}</li>
      </ol>
      <Facts
        rows={[
          [t('proposal.pack'), <Mono key="p" title={bundle.pack}>{short(bundle.pack)}</Mono>],
          [t('edit.files'), number(bundle.files.length)],
        ]}
      />
    </>
  );
}

export default function Import() {
  const {t} = useWords();
  const client = useQueryClient();
  const [, go] = useLocation();
  const policy = usePolicy();
  const history = useQuery({queryKey: ['policy', 'history'], queryFn: ({signal}) => get<History>('/api/v1/policy/history', signal)});
  const [text, setText] = useState('');
  const [proposing, setProposing] = useState(false);
  const signers = policy.data?.signers ?? [];
  const check = useQuery({
    queryKey: ['check', 'bundle', text],
    queryFn: ({signal}) => post<PolicyReport>('/api/v1/policy/check', {bundle: text}, {}, signal),
    enabled: text !== '',
    retry: false,
    staleTime: Infinity,
  });
  const propose = async (reason: string) => {
    const made = await post<Proposal>('/api/v1/policy/proposals', {bundle: text, ...(reason ? {reason} : {})});
    await client.invalidateQueries({queryKey: ['policy']});
    go(`/policy/changes/${encodeURIComponent(made.id)}`);
  };
  return (
    <Page
      title={t('nav.policyImport')}
      lead={t('bundle.lead')}
      aside={
        <Button type="primary" disabled={!check.data} onClick={() => setProposing(true)}>
          {t('edit.propose')}
        </Button>
      }
    >
      <Panel title={t('bundle.signers')}>
        {policy.data && signers.length === 0 && <p className="note wait">{t('bundle.noSigners')}</p>}
        {signers.length > 0 && (
          <>
            <p className="small">{t('bundle.onlySigned')}</p>
            <pre className="raw" tabIndex={0} aria-label={t('bundle.signers')}>
              {signers.join('\n')}
            </pre>
          </>
        )}
      </Panel>
      <Panel title={t('bundle.file')}>
        <label>
          <span className="field-label">{t('bundle.choose')}</span>
          <input type="file" onChange={(event) => void event.target.files?.[0]?.text().then(setText)} />
        </label>
        {text && policy.data && history.data && <Looked text={text} signers={signers} highest={history.data.edition_highest} />}
        {!text && <Nothing>{t('bundle.nothing')}</Nothing>}
      </Panel>
      {text && (
        <Panel title={t('bundle.gateway')}>
          {check.isPending && <Waiting />}
          {check.error && mistakesOf(check.error).length > 0 ? <LintView findings={[]} mistakes={mistakesOf(check.error)} /> : <ProblemNote error={check.error} />}
          {check.data && <ReportTabs report={check.data} label={t('bundle.gateway')} />}
        </Panel>
      )}
      <ReasonDialog draft="policy.bundle" open={proposing} title={t('edit.proposeTitle')} confirm={t('edit.propose')} note={t('edit.proposeNote')} optional act={propose} close={() => setProposing(false)} />
    </Page>
  );
}
