// The policy editor: a pack's files, checked by the gateway as one types; what a change would change; and its proposal.
import {keepPreviousData, useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {Tabs} from '../ui/tabs';
import {useMemo, useState} from 'react';
import {Link, useLocation, useSearchParams} from 'wouter';
import {get, post} from '../api/client';
import type {PolicyReport, Proposal} from '../api/types';
import {useSettled} from '../ui/settled';
import {useDraft} from '../shell/drafts';
import {useWords} from '../shell/settings';
import {Code} from '../ui/code';
import type {Mark} from '../ui/editor';
import {Mono, Nothing, Page, Panel, ProblemNote, Waiting} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {usePolicy} from '../ui/verdict';
import {short} from '../ui/format';
import {DiffView, LintView, mistakesOf, TestsView} from './report';
import {suggestPolicy} from './schema';
import {SimulationView} from './simulation';

type Files = Record<string, string>;

export default function PolicyEdit() {
  const {t} = useWords();
  const client = useQueryClient();
  const [, go] = useLocation();
  const [search, setSearch] = useSearchParams();
  const active = usePolicy();
  const from = search.get('from') ?? active.data?.digest ?? '';
  const base = useQuery({queryKey: ['pack', from], queryFn: ({signal}) => get<{digest: string; files: Files}>(`/api/v1/policy/packs/${encodeURIComponent(from)}`, signal), enabled: Boolean(from), staleTime: Infinity});
  const [draft, setDraft, forget, changed] = useDraft<Files | null>('policy', null);
  const files = draft ?? base.data?.files ?? null;
  const names = Object.keys(files ?? {}).sort((a, b) => (a === 'pack.yaml' ? -1 : b === 'pack.yaml' ? 1 : a < b ? -1 : 1));
  const file = search.get('file') && files && (search.get('file') as string) in files ? (search.get('file') as string) : (names[0] ?? 'pack.yaml');
  const [goTo, setGoTo] = useState<{line: number} | undefined>();
  const [newName, setNewName] = useState('');
  const [proposing, setProposing] = useState(false);
  const asked = useSettled(JSON.stringify(files), 900);
  const check = useQuery({
    queryKey: ['check', asked],
    queryFn: ({signal}) => post<PolicyReport>('/api/v1/policy/check', {files: JSON.parse(asked) as Files}, {}, signal),
    enabled: asked !== 'null',
    retry: false,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
  const mistakes = mistakesOf(check.error);
  const findings = useMemo(() => (check.error ? [] : (check.data?.lint.findings ?? [])), [check.data, check.error]);
  const marks = useMemo<Mark[]>(
    () => [
      ...mistakesOf(check.error)
        .filter((mistake) => mistake.file === file)
        .map((mistake) => ({line: mistake.line ?? 1, column: mistake.column, severity: 'error' as const, message: [mistake.message, mistake.expected, mistake.hint].filter(Boolean).join(' — ')})),
      ...findings.filter((finding) => finding.file === file).map((finding) => ({line: finding.line, column: finding.column, severity: finding.severity === 'warning' ? ('warning' as const) : ('info' as const), message: `${finding.rule}: ${finding.message}`})),
    ],
    [check.error, file, findings],
  );
  if (base.error && !draft) return <Page title={t('nav.policyEdit')}><ProblemNote error={base.error} /></Page>;
  if (!files) return <Waiting />;
  const keep = (name: string, value: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      next.set(name, value);
      return next;
    }, {replace: true});
  const open = (name: string, line?: number) => {
    keep('file', name);
    if (line) setTimeout(() => setGoTo({line}), 0);
  };
  const put = (name: string, text: string) => setDraft({...files, [name]: text});
  const failed = Boolean(check.error) || (check.data?.tests as {failures?: unknown[]} | undefined)?.failures?.length;
  const propose = async (reason: string) => {
    const made = await post<Proposal>('/api/v1/policy/proposals', {files, ...(reason ? {reason} : {})});
    forget();
    await client.invalidateQueries({queryKey: ['policy']});
    go(`/policy/changes/${encodeURIComponent(made.id)}`);
  };
  const problems = mistakes.length + findings.length;
  return (
    <Page
      title={t('nav.policyEdit')}
      lead={
        <>
          {t('edit.lead')} <Mono>{short(base.data?.digest)}</Mono>
        </>
      }
      aside={
        <>
          {changed && <Button onClick={forget}>{t('edit.discard')}</Button>}
          <Button type="primary" disabled={!changed || Boolean(failed) || Boolean(active.data?.signers)} onClick={() => setProposing(true)}>
            {t('edit.propose')}
          </Button>
        </>
      }
    >
      {active.data?.signers && (
        <p className="note wait">
          {t('edit.signedOnly')} <Link href="/policy/import">{t('nav.policyImport')}</Link>
        </p>
      )}
      <div className="policy-desk">
        <Panel title={t('edit.files')}>
          <div className="file-list" role="group" aria-label={t('edit.files')}>
            {names.map((name) => (
              <button key={name} type="button" aria-pressed={name === file} className={draft && draft[name] !== base.data?.files[name] ? 'changed' : ''} onClick={() => open(name)}>
                {name}
              </button>
            ))}
          </div>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              const name = newName.trim();
              if (!/^(rules|tests)\/[a-z0-9._-]+\.yaml$/.test(name) || name in files) return;
              setDraft({...files, [name]: name.startsWith('rules') ? 'rules:\n  - id: X1\n    effect: hold\n    title: {en: "", zh-Hans: "", zh-Hant: ""}\n    basis: [""]\n    when: {action: cross}\n' : 'tests:\n  - id: T-X1\n    title: ""\n    request: {action: cross}\n    decision: hold\n    rule: X1\n'});
              setNewName('');
              open(name);
            }}
          >
            <label>
              <span className="field-label">{t('edit.newFile')}</span>
              <input className="field wide" value={newName} placeholder="rules/99-new.yaml" onChange={(event) => setNewName(event.target.value)} />
            </label>
          </form>
        </Panel>
        <div>
          <Panel title={<Mono>{file}</Mono>} aside={<span className="small" role="status">{check.isFetching ? t('edit.checking') : check.error ? t('edit.broken') : t('edit.checked')}</span>}>
            <Code key={file} text={files[file] ?? ''} label={file} onChange={(text) => put(file, text)} marks={marks} suggest={suggestPolicy} goTo={goTo} />
          </Panel>
          <Panel>
            {Boolean(check.error) && mistakes.length === 0 && <ProblemNote error={check.error} />}
            <Tabs
              label={t('edit.files')}
              activeKey={search.get('tab') ?? 'lint'}
              onChange={(tab) => keep('tab', tab)}
              items={[
                {key: 'lint', label: t('edit.problems', {count: problems}), children: <LintView findings={findings} mistakes={mistakes} goTo={open} />},
                {key: 'tests', label: t('edit.tests'), children: check.error ? <Nothing>{t('edit.mendFirst')}</Nothing> : check.data ? <TestsView report={check.data} /> : <Waiting />},
                {key: 'diff', label: t('edit.diff'), children: check.error ? <Nothing>{t('edit.mendFirst')}</Nothing> : check.data ? <DiffView report={check.data} /> : <Waiting />},
                {key: 'simulate', label: t('edit.simulate'), children: <SimulationView files={files} />},
              ]}
            />
          </Panel>
        </div>
      </div>
      <ReasonDialog draft="policy.reason" open={proposing} title={t('edit.proposeTitle')} confirm={t('edit.propose')} note={t('edit.proposeNote')} optional act={propose} close={() => setProposing(false)} />
    </Page>
  );
}
