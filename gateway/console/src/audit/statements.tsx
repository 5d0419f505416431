// Signed monthly statements: made by the gateway, verified in this browser, taken away; and any other statement, pasted.
import {useQuery} from '@tanstack/react-query';
import {useState, type ReactNode} from 'react';
import {call, get, query, saveText} from '../api/client';
import type {Tenants, Witnesses} from '../api/types';
import {useAddress} from '../shell/address';
import {useDraft} from '../shell/drafts';
import {useStatus} from '../shell/frame';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {Field} from '../ui/fields';
import {bytes, localTime, number} from '../ui/format';
import {Facts, Mono, Page, Panel, ProblemNote, Shown, Waiting} from '../ui/parts';
import {trusted} from './keys';
import {checkStatement} from './statement';

function StatementView({text, keys}: {text: string; keys: string[]}) {
  const {t, word} = useWords();
  const checked = useQuery({queryKey: ['statement-checked', text, keys], queryFn: () => checkStatement(text, keys), staleTime: Infinity});
  if (!checked.data) return <Waiting />;
  const {statement, signed, holds} = checked.data;
  const shown = (name: string, value: string) => (name.endsWith('-bytes') ? bytes(Number(value)) : number(Number(value)));
  return (
    <>
      <p className={`note ${holds ? 'good' : 'bad'}`} role={holds ? 'status' : 'alert'}>
        <strong>{holds ? t('statement.holds') : t('statement.fails')}</strong> {t('statement.computedHere')}
      </p>
      {statement && (
        <Facts
          rows={[
            [t('bundle.signer'), <Mono key="signer">{signed.filter((one) => one.holds).map((one) => one.key.name).join(', ') || '–'}</Mono>],
            [t('data.region'), word('region', statement.region)],
            [t('reviews.tenant'), statement.tenant],
            [t('statement.month'), statement.month],
            ...statement.rows.map(([name, value]): [ReactNode, ReactNode] => [word('statementRow', name), shown(name, value)]),
          ]}
        />
      )}
      <details>
        <summary className="small">{t('statement.text')}</summary>
        <pre className="raw" tabIndex={0} aria-label={t('statement.text')}>
          {text}
        </pre>
      </details>
    </>
  );
}

function Pasted({keys}: {keys: string[]}) {
  const {t} = useWords();
  const [text, setText] = useDraft('statement', '');
  return (
    <>
      <label>
        <span className="field-label">{t('statement.paste')}</span>
        <textarea className="field wide code" rows={8} value={text} spellCheck={false} onChange={(event) => setText(event.target.value)} />
      </label>
      {text.trim() && <StatementView text={`${text.trim()}\n`} keys={keys} />}
    </>
  );
}

export default function Statements() {
  const {t} = useWords();
  const {at, put} = useAddress();
  const region = useStatus().data?.region ?? '';
  const [tenant, setTenant] = useState(at('tenant'));
  const [month, setMonth] = useState(at('month') || localTime(new Date()).slice(0, 7));
  const [wanted, inMonth] = [at('tenant'), at('month')];
  const tenants = useQuery({queryKey: ['tenants'], queryFn: ({signal}) => get<Tenants>('/api/v1/tenants', signal), staleTime: 60_000});
  const witnesses = useQuery({queryKey: ['witnesses'], queryFn: ({signal}) => get<Witnesses>('/api/v1/witnesses', signal), staleTime: 60_000});
  const statement = useQuery({
    queryKey: ['statement', wanted, inMonth],
    queryFn: async ({signal}) => (await call(`/api/v1/audit/statement${query({tenant: wanted, month: inMonth})}`, {signal})).text(),
    enabled: Boolean(wanted && inMonth),
    staleTime: Infinity,
    retry: false,
  });
  return (
    <Page title={t('nav.statements')} lead={t('statement.lead')}>
      <Shown of={witnesses}>
        {(known) => {
          if (!region) return null;
          const {keys} = trusted(region, [...known.log_keys, ...(known.witness_keys ?? [])]);
          return (
            <div className="split">
              <Panel title={t('statement.make')}>
                <form
                  className="row ends"
                  onSubmit={(event) => {
                    event.preventDefault();
                    put('tenant', tenant.trim());
                    put('month', month);
                  }}
                >
                  <Field label={t('reviews.tenant')} value={tenant} put={setTenant} options={tenants.data?.tenants.map((one) => one.id)} />
                  <Field label={t('statement.month')} type="month" value={month} put={setMonth} />
                  <Button submit type="primary" loading={statement.isFetching} disabled={!tenant.trim() || !month}>
                    {t('statement.go')}
                  </Button>
                  {statement.data && <Button onClick={() => saveText(`${wanted}-${inMonth}.statement`, statement.data)}>{t('statement.save')}</Button>}
                </form>
                <ProblemNote error={statement.error} />
                {statement.data && <StatementView text={statement.data} keys={keys} />}
              </Panel>
              <Panel title={t('statement.check')}>
                <Pasted keys={keys} />
              </Panel>
            </div>
          );
        }}
      </Shown>
    </Page>
  );
}
