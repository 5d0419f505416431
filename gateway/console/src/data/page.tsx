// The catalogue of both regions: what there is, whose it is, what is known of it.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {Sheet} from '../ui/drawer';
import {Link} from 'wouter';
import {parse} from 'yaml';
import {get, post} from '../api/client';
import type {Dataset} from '../api/types';
import {useAddress} from '../shell/address';
import {useDraft} from '../shell/drafts';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Code} from '../ui/code';
import {bytes, number, short} from '../ui/format';
import {Field, Pick} from '../ui/fields';
import {City, Facts, Mono, Page, Panel, ProblemNote, Shown, Time} from '../ui/parts';
import {Table} from '../ui/table';
import {LabelList} from '../ui/verdict';
import {Confirm} from '../ui/confirm';
import {withValue} from '../jobs/task';
import {useWork} from '../ui/work';
import {OnRequest} from './ask';

const firstLabels = `data.grade: general
data.personal: none
data.collected_in: mainland
data.subjects_ordinary: 0
data.subjects_sensitive: 0
data.sectors: []
genetic.data: false
`;
const start = {id: '', title: '', url: 'file://', licence: '', access: 'open', labels: firstLabels};

function Register({close}: {close: () => void}) {
  const {t} = useWords();
  const client = useQueryClient();
  const [form, setForm, forget] = useDraft('dataset', start);
  const {busy, error, run} = useWork();
  const send = () =>
    run(async () => {
      const {labels, ...rest} = form;
      const body = Object.fromEntries(Object.entries(rest).filter(([, value]) => value));
      await post('/api/v1/datasets', {...body, labels: parse(labels) ?? {}});
      forget();
      await client.invalidateQueries({queryKey: ['datasets']});
      close();
    });
  const fields = [
    ['id', t('data.id')],
    ['title', t('data.titleOf')],
    ['url', t('data.url')],
    ['licence', t('data.licence')],
  ] as const;
  return (
    <>
      {fields.map(([name, label]) => (
        <Field key={name} label={label} wide value={form[name]} put={(value) => setForm({...form, [name]: value})} />
      ))}
      <Pick label={t('access.how')} wide area="dataAccess" options={['open', 'request']} value={form.access} put={(access) => setForm({...form, access})} />
      <p className="field-label">{t('data.labels')}</p>
      <Code text={form.labels} label={t('data.labels')} onChange={(labels) => setForm({...form, labels})} />
      <ProblemNote error={error} />
      <p className="row" style={{marginTop: 12}}>
        <Button type="primary" loading={busy} onClick={() => void send()}>
          {t('data.register')}
        </Button>
      </p>
    </>
  );
}

export default function Data() {
  const {t, word} = useWords();
  const {has, caller} = useSession();
  const client = useQueryClient();
  const {at, put} = useAddress();
  const chosen = at('id');
  const looked = at('q');
  const all = useQuery({queryKey: ['datasets'], queryFn: ({signal}) => get<{datasets: Dataset[]}>('/api/v1/datasets', signal), refetchInterval: usePace(6000)});
  const one = all.data?.datasets.find((dataset) => dataset.id === chosen);
  const [, setJob] = useDraft('job', '');
  return (
    <Page title={t('nav.data')} aside={has('data-owner') && <Button onClick={() => put('new', '1', 'back')}>{t('data.register')}</Button>}>
      <Panel>
        <Field label={t('data.find')} type="search" value={looked} put={(value) => put('q', value)} />
      </Panel>
      <Panel>
        <Shown of={all}>
          {({datasets}) => {
            const words = looked.toLowerCase().split(/\s+/).filter(Boolean);
            const shown = datasets.filter((dataset) => words.every((word) => JSON.stringify(dataset).toLowerCase().includes(word)));
            return (
              <Table
                label={t('nav.data')}
                rows={shown}
                keyOf={(dataset) => dataset.id}
                none={t('data.none')}
                columns={[
                  {
                    head: t('data.id'),
                    cell: ({id}) => (
                      <a
                        href={`?id=${encodeURIComponent(id)}`}
                        onClick={(event) => {
                          event.preventDefault();
                          put('id', id, 'back');
                        }}
                      >
                        {id}
                      </a>
                    ),
                  },
                  {head: t('data.titleOf'), cell: (dataset) => dataset.title},
                  {head: t('data.region'), cell: (dataset) => <City region={dataset.region} />},
                  {head: t('data.owner'), cell: (dataset) => dataset.owner},
                  {
                    head: t('data.grade'),
                    cell: ({labels}) => (
                      <Mono>
                        {String(labels['data.grade'] ?? '?')} / {String(labels['data.personal'] ?? '?')}
                      </Mono>
                    ),
                  },
                  {head: t('access.how'), cell: (dataset) => word('dataAccess', dataset.access ?? 'open')},
                  {head: t('job.size'), number: true, cell: (dataset) => bytes(dataset.bytes)},
                ]}
              />
            );
          }}
        </Shown>
      </Panel>
      <Sheet open={at('new') === '1'} close={() => put('new', null)} title={t('data.register')}>
        <Register close={() => put('new', null)} />
      </Sheet>
      <Sheet open={Boolean(one)} close={() => put('id', null)} title={one?.id}>
        {one && (
          <>
            <p className="lead">{one.title}</p>
            <p>{one.description}</p>
            <Facts
              rows={[
                [t('data.region'), <City key="region" region={one.region} />],
                [t('data.owner'), one.owner],
                [t('data.licence'), one.licence],
                [t('access.how'), word('dataAccess', one.access ?? 'open')],
                [t('data.registered'), <Time key="time" at={one.registered} />],
                [t('data.version'), one.version],
                [t('job.size'), `${bytes(one.bytes)}${one.files === undefined ? '' : ` · ${t('data.files', {count: one.files})}`}`],
                ['SHA-256', one.digest && <Mono key="digest" title={one.digest}>{short(one.digest)}</Mono>],
                [t('data.subjects'), `${number(Number(one.labels['data.subjects_ordinary'] ?? 0))} / ${number(Number(one.labels['data.subjects_sensitive'] ?? 0))}`],
              ]}
            />
            {one.access === 'request' && <OnRequest dataset={one} />}
            <h3>{t('data.labels')}</h3>
            <LabelList labels={one.labels} />
            <p className="row" style={{marginTop: 16}}>
              {has('submitter') && (
                <Link href="/submit" onClick={() => setJob(withValue(`name: ${one.id}-job\nexecutors:\n  - image: host/python3\n    command: [python3, -c, "print(open('/data/input').read()[:200])"]\noutputs: []\nresources: {cpu_cores: 1, ram_gb: 1}\ntags: {purpose: research}\n`, ['inputs'], [{url: `dataset:${one.id}`, path: '/data/input', type: 'FILE'}]))}>
                  {t('data.use')}
                </Link>
              )}
              {has('data-owner') && one.owner === caller?.tenant && !one.retired && (
                <Confirm
                  title={t('data.retireSure')}
                  label={t('data.retire')}
                  act={async () => {
                    await post(`/api/v1/datasets/${encodeURIComponent(one.id)}/retire`);
                    await client.invalidateQueries({queryKey: ['datasets']});
                    put('id', null);
                  }}
                />
              )}
            </p>
          </>
        )}
      </Sheet>
    </Page>
  );
}
