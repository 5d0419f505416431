// A data set that is given on request: what this tenant asked and was granted, and the way to ask.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {Link} from 'wouter';
import {get, post, query} from '../api/client';
import type {AccessRequest, Dataset} from '../api/types';
import {purposes} from '../jobs/purposes';
import {useDraft} from '../shell/drafts';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {Field, Pick} from '../ui/fields';
import {Shown, Time} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {byNeed} from './request';
import {AccessTag} from './requests';

const start = {purpose: 'research', days: '90'};

function Ask({dataset, close}: {dataset: Dataset; close: () => void}) {
  const {t} = useWords();
  const client = useQueryClient();
  const [form, setForm, forget] = useDraft(`ask.${dataset.id}.form`, start);
  const send = async (reason: string) => {
    await post(`/api/v1/datasets/${encodeURIComponent(dataset.id)}/access`, {purpose: form.purpose, reason, days: Number(form.days)});
    forget();
    await client.invalidateQueries({queryKey: ['access']});
  };
  return (
    <ReasonDialog
      draft={`ask.${dataset.id}`}
      open
      title={t('access.askTitle', {dataset: dataset.id})}
      confirm={t('access.ask')}
      note={t('access.askNote', {owner: dataset.owner})}
      ready={/^[1-9]\d*$/.test(form.days)}
      act={send}
      close={close}
    >
      <Pick label={t('job.purpose')} wide area="purpose" options={purposes} value={form.purpose} put={(purpose) => setForm({...form, purpose})} />
      <Field label={t('access.days')} type="number" min={1} wide value={form.days} put={(days) => setForm({...form, days})} />
    </ReasonDialog>
  );
}

export function OnRequest({dataset}: {dataset: Dataset}) {
  const {t, word} = useWords();
  const {has, caller} = useSession();
  const [asking, setAsking] = useState(false);
  const concerned = has('submitter', 'data-owner', 'auditor');
  const requests = useQuery({
    queryKey: ['access', '', dataset.id],
    queryFn: ({signal}) => get<{requests: AccessRequest[]}>(`/api/v1/access${query({dataset: dataset.id})}`, signal),
    enabled: concerned,
    refetchInterval: usePace(4000, 6000),
  });
  if (!concerned) return null;
  const isOwner = dataset.owner === caller?.tenant;
  const mayAsk = !isOwner && !dataset.retired && has('submitter', 'data-owner');
  return (
    <>
      <h3>{t('nav.access')}</h3>
      <Shown of={requests}>
        {(data) => (
          <>
            {mayAsk && !data.requests.some((request) => request.in_force && request.tenant === caller?.tenant) && <p className="note wait">{t('access.needed')}</p>}
            <ul className="stack">
              {byNeed(data.requests)
                .slice(0, 5)
                .map((request) => (
                  <li key={request.id}>
                    <div className="row spread">
                      <Link href={`/data/requests?id=${encodeURIComponent(request.id)}`}>
                        {request.user} · {request.tenant}
                      </Link>
                      <span>
                        <AccessTag request={request} />
                      </span>
                    </div>
                    <span className="basis">
                      {word('purpose', request.purpose)} · {t('access.until')} <Time at={request.until} />
                    </span>
                  </li>
                ))}
            </ul>
          </>
        )}
      </Shown>
      <p className="row">
        {mayAsk && <Button onClick={() => setAsking(true)}>{t('access.ask')}</Button>}
        <Link href={`/data/requests?dataset=${encodeURIComponent(dataset.id)}`}>{t('access.all')}</Link>
      </p>
      {asking && <Ask dataset={dataset} close={() => setAsking(false)} />}
    </>
  );
}
