// The catalogue of both regions: what there is, whose it is, what is known of it.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {Sheet} from '../ui/drawer';
import {useId, useState} from 'react';
import {Link, useSearchParams} from 'wouter';
import {parse} from 'yaml';
import {get, post} from '../api/client';
import type {Dataset} from '../api/types';
import {useDraft} from '../shell/drafts';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Code} from '../ui/code';
import {bytes, number, short} from '../ui/format';
import {City, Facts, Mono, Nothing, Page, Panel, ProblemNote, Shown, Time} from '../ui/parts';
import {LabelList} from '../ui/verdict';
import {Confirm} from '../ui/confirm';
import {withValue} from '../jobs/task';

const firstLabels = `data.grade: general
data.personal: none
data.collected_in: mainland
data.subjects_ordinary: 0
data.subjects_sensitive: 0
data.sectors: []
genetic.data: false
`;
const start = {id: '', title: '', url: 'file://', licence: '', labels: firstLabels};

function Register({close}: {close: () => void}) {
  const {t} = useWords();
  const client = useQueryClient();
  const base = useId();
  const [form, setForm, forget] = useDraft('dataset', start);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      const {labels, ...rest} = form;
      const body = Object.fromEntries(Object.entries(rest).filter(([, value]) => value));
      await post('/api/v1/datasets', {...body, labels: parse(labels) ?? {}});
      forget();
      await client.invalidateQueries({queryKey: ['datasets']});
      close();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const fields = [
    ['id', t('data.id')],
    ['title', t('data.titleOf')],
    ['url', t('data.url')],
    ['licence', t('data.licence')],
  ] as const;
  return (
    <>
      {fields.map(([name, label]) => (
        <div key={name}>
          <label className="field-label" htmlFor={`${base}-${name}`}>
            {label}
          </label>
          <input className="field wide" id={`${base}-${name}`} value={form[name]} onChange={(event) => setForm({...form, [name]: event.target.value})} />
        </div>
      ))}
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
  const {t} = useWords();
  const {has, caller} = useSession();
  const client = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const chosen = search.get('id');
  const looked = search.get('q') ?? '';
  const all = useQuery({queryKey: ['datasets'], queryFn: ({signal}) => get<{datasets: Dataset[]}>('/api/v1/datasets', signal), refetchInterval: usePace(6000)});
  const put = (name: string, value: string | null) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value === null || value === '') next.delete(name);
      else next.set(name, value);
      return next;
    }, {replace: name === 'q'});
  const one = all.data?.datasets.find((dataset) => dataset.id === chosen);
  const [, setJob] = useDraft('job', '');
  return (
    <Page title={t('nav.data')} aside={has('data-owner') && <Button onClick={() => put('new', '1')}>{t('data.register')}</Button>}>
      <Panel>
        <label>
          <span className="field-label">{t('data.find')}</span>
          <input className="field" type="search" value={looked} onChange={(event) => put('q', event.target.value)} />
        </label>
      </Panel>
      <Panel>
        <Shown of={all}>
          {({datasets}) => {
            const words = looked.toLowerCase().split(/\s+/).filter(Boolean);
            const shown = datasets.filter((dataset) => words.every((word) => JSON.stringify(dataset).toLowerCase().includes(word)));
            if (shown.length === 0) return <Nothing>{t('data.none')}</Nothing>;
            return (
              <div className="scroll" tabIndex={0} role="region" aria-label={t('nav.data')}>
                <table className="plain">
                  <thead>
                    <tr>
                      <th scope="col">{t('data.id')}</th>
                      <th scope="col">{t('data.titleOf')}</th>
                      <th scope="col">{t('data.region')}</th>
                      <th scope="col">{t('data.owner')}</th>
                      <th scope="col">{t('data.grade')}</th>
                      <th scope="col" className="number">
                        {t('job.size')}
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {shown.map((dataset) => (
                      <tr key={dataset.id}>
                        <td>
                          <a
                            href={`?id=${encodeURIComponent(dataset.id)}`}
                            onClick={(event) => {
                              event.preventDefault();
                              put('id', dataset.id);
                            }}
                          >
                            {dataset.id}
                          </a>
                        </td>
                        <td>{dataset.title}</td>
                        <td>
                          <City region={dataset.region} />
                        </td>
                        <td>{dataset.owner}</td>
                        <td>
                          <Mono>
                            {String(dataset.labels['data.grade'] ?? '?')} / {String(dataset.labels['data.personal'] ?? '?')}
                          </Mono>
                        </td>
                        <td className="number">{bytes(dataset.bytes)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            );
          }}
        </Shown>
      </Panel>
      <Sheet open={search.get('new') === '1'} close={() => put('new', null)} title={t('data.register')}>
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
                [t('data.registered'), <Time key="time" at={one.registered} />],
                [t('data.version'), one.version],
                [t('job.size'), `${bytes(one.bytes)}${one.files === undefined ? '' : ` · ${t('data.files', {count: one.files})}`}`],
                ['SHA-256', one.digest && <Mono key="digest" title={one.digest}>{short(one.digest)}</Mono>],
                [t('data.subjects'), `${number(Number(one.labels['data.subjects_ordinary'] ?? 0))} / ${number(Number(one.labels['data.subjects_sensitive'] ?? 0))}`],
              ]}
            />
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
