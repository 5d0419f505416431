// Filings (standard contracts, assessments …): what is in force, what ends soon.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {Sheet} from '../ui/drawer';
import {useId, useState} from 'react';
import {get, post} from '../api/client';
import type {Mechanism} from '../api/types';
import {useDraft} from '../shell/drafts';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Confirm} from '../ui/confirm';
import {Mono, Nothing, Page, Panel, ProblemNote, Shown, StateTag} from '../ui/parts';

const kinds = ['gba-sc', 'cac-sc', 'security-assessment', 'certification', 'hk-rmc'];
const statuses = ['effective', 'not-effective', 'pending', 'out-of-scope', 'unfiled-within-10wd', 'unfiled-after-10wd'];
const start = {id: '', kind: 'gba-sc', exporter: '', recipient: '', status: 'effective', from: '', until: '', datasets: ''};

function File({close}: {close: () => void}) {
  const {t, word} = useWords();
  const client = useQueryClient();
  const base = useId();
  const [form, setForm, forget] = useDraft('filing', start);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      const {datasets, ...rest} = form;
      const named = datasets.split(/[\s,]+/).filter(Boolean);
      await post('/api/v1/mechanisms', {...Object.fromEntries(Object.entries(rest).filter(([, value]) => value)), ...(named.length ? {datasets: named} : {})});
      forget();
      await client.invalidateQueries({queryKey: ['mechanisms']});
      close();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const field = (name: keyof typeof start, label: string, type = 'text') => (
    <>
      <label className="field-label" htmlFor={`${base}${name}`}>
        {label}
      </label>
      <input className="field wide" type={type} id={`${base}${name}`} value={form[name]} onChange={(event) => setForm({...form, [name]: event.target.value})} />
    </>
  );
  const pick = (name: keyof typeof start, label: string, area: string, options: string[]) => (
    <>
      <label className="field-label" htmlFor={`${base}${name}`}>
        {label}
      </label>
      <select className="field wide" id={`${base}${name}`} value={form[name]} onChange={(event) => setForm({...form, [name]: event.target.value})}>
        {options.map((option) => (
          <option key={option} value={option}>
            {word(area, option)}
          </option>
        ))}
      </select>
    </>
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {field('id', t('filings.id'))}
      {pick('kind', t('filings.kind'), 'mechanism', kinds)}
      {pick('status', t('jobs.state'), 'mechanismStatus', statuses)}
      {field('exporter', t('review.exporter'))}
      {field('recipient', t('review.recipient'))}
      {field('from', t('filings.from'), 'date')}
      {field('until', t('filings.until'), 'date')}
      {field('datasets', t('filings.datasets'))}
      <ProblemNote error={error} />
      <p className="row" style={{marginTop: 14}}>
        <Button type="primary" submit loading={busy}>
          {t('filings.file')}
        </Button>
      </p>
    </form>
  );
}

export default function Filings() {
  const {t, word} = useWords();
  const {has} = useSession();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const filings = useQuery({queryKey: ['mechanisms'], queryFn: ({signal}) => get<{mechanisms: Mechanism[]}>('/api/v1/mechanisms', signal)});
  return (
    <Page
      title={t('nav.filings')}
      lead={t('filings.lead')}
      aside={
        has('policy-admin') && (
          <Button type="primary" onClick={() => setOpen(true)}>
            {t('filings.new')}
          </Button>
        )
      }
    >
      <Panel>
        <Shown of={filings}>
          {({mechanisms}) =>
            mechanisms.length === 0 ? (
              <Nothing>{t('filings.none')}</Nothing>
            ) : (
              <div className="scroll" tabIndex={0} role="region" aria-label={t('nav.filings')}>
                <table className="plain">
                  <thead>
                    <tr>
                      <th scope="col">{t('filings.id')}</th>
                      <th scope="col">{t('filings.kind')}</th>
                      <th scope="col">{t('jobs.state')}</th>
                      <th scope="col">
                        {t('review.exporter')} → {t('review.recipient')}
                      </th>
                      <th scope="col">{t('filings.term')}</th>
                      <th scope="col" className="number">
                        {t('filings.daysLeft')}
                      </th>
                      <th scope="col">{t('filings.act')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {[...mechanisms]
                      .sort((a, b) => Number(a.withdrawn) - Number(b.withdrawn) || (a.days_left ?? 1e9) - (b.days_left ?? 1e9))
                      .map((filing) => (
                        <tr key={filing.id}>
                          <td>
                            <Mono>{filing.id}</Mono>
                          </td>
                          <td>{word('mechanism', filing.kind)}</td>
                          <td>{filing.withdrawn ? <span className="tag">{t('filings.withdrawn')}</span> : <StateTag area="mechanismStatus" state={filing.status} />}</td>
                          <td>
                            {filing.exporter} → {filing.recipient}
                          </td>
                          <td>
                            {filing.from ?? '…'} – {filing.until ?? '…'}
                          </td>
                          <td className="number">{filing.days_left === undefined ? '–' : <span className={filing.days_left < 0 ? 'tag tone-bad' : filing.days_left <= 60 ? 'tag tone-wait' : ''}>{filing.days_left}</span>}</td>
                          <td>
                            {has('policy-admin') && !filing.withdrawn && (
                              <Confirm
                                title={t('filings.withdrawSure', {id: filing.id})}
                                label={t('filings.withdraw')}
                                act={async () => {
                                  await post(`/api/v1/mechanisms/${encodeURIComponent(filing.id)}/withdraw`);
                                  await client.invalidateQueries({queryKey: ['mechanisms']});
                                }}
                              />
                            )}
                          </td>
                        </tr>
                      ))}
                  </tbody>
                </table>
              </div>
            )
          }
        </Shown>
      </Panel>
      <Sheet open={open} close={() => setOpen(false)} title={t('filings.new')}>
        <File close={() => setOpen(false)} />
      </Sheet>
    </Page>
  );
}
