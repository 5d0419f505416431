// Filings (standard contracts, assessments …): what is in force, what ends soon.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {Sheet} from '../ui/drawer';
import {get, post} from '../api/client';
import type {Mechanism} from '../api/types';
import {useAddress} from '../shell/address';
import {useDraft} from '../shell/drafts';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Confirm} from '../ui/confirm';
import {Field, Pick} from '../ui/fields';
import {Mono, Page, Panel, ProblemNote, Shown, StateTag} from '../ui/parts';
import {Table} from '../ui/table';
import {useWork} from '../ui/work';

const kinds = ['gba-sc', 'cac-sc', 'security-assessment', 'certification', 'hk-rmc'];
const statuses = ['effective', 'not-effective', 'pending', 'out-of-scope', 'unfiled-within-10wd', 'unfiled-after-10wd'];
const start = {id: '', kind: 'gba-sc', exporter: '', recipient: '', status: 'effective', from: '', until: '', datasets: ''};

function File({close}: {close: () => void}) {
  const {t} = useWords();
  const client = useQueryClient();
  const [form, setForm, forget] = useDraft('filing', start);
  const {busy, error, run} = useWork();
  const send = () =>
    run(async () => {
      const {datasets, ...rest} = form;
      const named = datasets.split(/[\s,]+/).filter(Boolean);
      await post('/api/v1/mechanisms', {...Object.fromEntries(Object.entries(rest).filter(([, value]) => value)), ...(named.length ? {datasets: named} : {})});
      forget();
      await client.invalidateQueries({queryKey: ['mechanisms']});
      close();
    });
  const put = (name: keyof typeof start) => (value: string) => setForm({...form, [name]: value});
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Field label={t('filings.id')} wide value={form.id} put={put('id')} />
      <Pick label={t('filings.kind')} wide area="mechanism" options={kinds} value={form.kind} put={put('kind')} />
      <Pick label={t('jobs.state')} wide area="mechanismStatus" options={statuses} value={form.status} put={put('status')} />
      <Field label={t('review.exporter')} wide value={form.exporter} put={put('exporter')} />
      <Field label={t('review.recipient')} wide value={form.recipient} put={put('recipient')} />
      <Field label={t('filings.from')} type="date" wide value={form.from} put={put('from')} />
      <Field label={t('filings.until')} type="date" wide value={form.until} put={put('until')} />
      <Field label={t('filings.datasets')} wide value={form.datasets} put={put('datasets')} />
      <ProblemNote error={error} />
      <p className="row" style={{marginTop: 14}}>
        <Button type="primary" submit loading={busy}>
          {t('filings.file')}
        </Button>
      </p>
    </form>
  );
}

const byEnd = (mechanisms: Mechanism[]) => [...mechanisms].sort((a, b) => Number(a.withdrawn) - Number(b.withdrawn) || (a.days_left ?? 1e9) - (b.days_left ?? 1e9));

function DaysLeft({filing}: {filing: Mechanism}) {
  if (filing.days_left === undefined) return <>–</>;
  return <span className={filing.days_left < 0 ? 'tag tone-bad' : filing.days_left <= 60 ? 'tag tone-wait' : ''}>{filing.days_left}</span>;
}

export default function Filings() {
  const {t, word} = useWords();
  const {has} = useSession();
  const client = useQueryClient();
  const {at, put} = useAddress();
  const filings = useQuery({queryKey: ['mechanisms'], queryFn: ({signal}) => get<{mechanisms: Mechanism[]}>('/api/v1/mechanisms', signal)});
  const withdraw = async (id: string) => {
    await post(`/api/v1/mechanisms/${encodeURIComponent(id)}/withdraw`);
    await client.invalidateQueries({queryKey: ['mechanisms']});
  };
  return (
    <Page
      title={t('nav.filings')}
      lead={t('filings.lead')}
      aside={
        has('policy-admin') && (
          <Button type="primary" onClick={() => put('new', '1', 'back')}>
            {t('filings.new')}
          </Button>
        )
      }
    >
      <Panel>
        <Shown of={filings}>
          {({mechanisms}) => (
            <Table
              label={t('nav.filings')}
              rows={byEnd(mechanisms)}
              keyOf={(filing) => filing.id}
              none={t('filings.none')}
              columns={[
                {head: t('filings.id'), cell: (filing) => <Mono>{filing.id}</Mono>},
                {head: t('filings.kind'), cell: (filing) => word('mechanism', filing.kind)},
                {head: t('jobs.state'), cell: (filing) => (filing.withdrawn ? <span className="tag">{t('filings.withdrawn')}</span> : <StateTag area="mechanismStatus" state={filing.status} />)},
                {head: `${t('review.exporter')} → ${t('review.recipient')}`, cell: (filing) => `${filing.exporter} → ${filing.recipient}`},
                {head: t('filings.term'), cell: (filing) => `${filing.from ?? '…'} – ${filing.until ?? '…'}`},
                {head: t('filings.daysLeft'), number: true, cell: (filing) => <DaysLeft filing={filing} />},
                {head: t('filings.act'), cell: (filing) => has('policy-admin') && !filing.withdrawn && <Confirm title={t('filings.withdrawSure', {id: filing.id})} label={t('filings.withdraw')} act={() => withdraw(filing.id)} />},
              ]}
            />
          )}
        </Shown>
      </Panel>
      <Sheet open={at('new') === '1'} close={() => put('new', null)} title={t('filings.new')}>
        <File close={() => put('new', null)} />
      </Sheet>
    </Page>
  );
}
