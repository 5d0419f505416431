// The policy in the shadow: what it would have said of real crossings, beside what counted; and the way to end it.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {get, post} from '../api/client';
import type {Shadow} from '../api/types';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {number, short} from '../ui/format';
import {Mono, Nothing, Panel, Shown, Time} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {OutcomeView} from './outcome';

export function ShadowPanel() {
  const {t} = useWords();
  const {has} = useSession();
  const client = useQueryClient();
  const [stopping, setStopping] = useState(false);
  const shadow = useQuery({queryKey: ['policy', 'shadow'], queryFn: ({signal}) => get<Shadow>('/api/v1/policy/shadow', signal), refetchInterval: 15_000});
  const stop = async (reason: string) => {
    await post('/api/v1/policy/shadow/stop', {reason});
    await client.invalidateQueries({queryKey: ['policy']});
  };
  const running = shadow.data?.running ?? false;
  return (
    <Panel
      title={t('shadow.title')}
      aside={
        running &&
        has('policy-admin') && (
          <Button danger onClick={() => setStopping(true)}>
            {t('shadow.stop')}
          </Button>
        )
      }
    >
      <Shown of={shadow}>
        {(data) =>
          data.running ? (
            <>
              <p>
                <span className="tag tone-busy">{t('shadow.running')}</span> {data.pack?.name} {data.pack?.version} <Mono title={data.pack?.digest}>{short(data.pack?.digest)}</Mono>
              </p>
              <p className="small">
                {t('shadow.decisions', {count: number(data.decisions)})} <Time at={data.since} />
              </p>
              <OutcomeView title={t('shadow.beside')} outcome={data} />
            </>
          ) : (
            <Nothing>{t('shadow.none')}</Nothing>
          )
        }
      </Shown>
      <ReasonDialog draft="policy.shadow" open={stopping} title={t('shadow.stopTitle')} confirm={t('shadow.stop')} danger act={stop} close={() => setStopping(false)} />
    </Panel>
  );
}
