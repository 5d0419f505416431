// The people behind the ledger's names. To lift the veil is an act with a reason, written into the ledger before the
// answer; so are limits, holds and erasure.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {Link} from 'wouter';
import {get, post, query} from '../api/client';
import type {LedgerPerson} from '../api/types';
import {useAddress} from '../shell/address';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {Sheet} from '../ui/drawer';
import {Field} from '../ui/fields';
import {Facts, Mono, Page, Panel, Shown, StateTag, Time} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {Table} from '../ui/table';

type Act = 'show' | 'restrict' | 'hold' | 'release' | 'erase';

// The acts that make sense for somebody in this state.
function actsFor(person: LedgerPerson): Act[] {
  if (person.state === 'erased') return [];
  const held: Act = person.hold ? 'release' : 'hold';
  return ['show', ...(person.state === 'active' ? (['restrict'] as const) : []), held, ...(person.hold ? [] : (['erase'] as const))];
}

function PersonView({person, shown, act}: {person: LedgerPerson; shown?: LedgerPerson; act: (act: Act) => void}) {
  const {t, word} = useWords();
  return (
    <>
      <p className="row">
        <StateTag area="person" state={person.state} />
        <Link href={`/audit?who=${encodeURIComponent(person.name)}`}>{t('people.entries')}</Link>
      </p>
      {shown && (
        <div className="note wait" role="status">
          <p>{t('people.isShown')}</p>
          <Facts
            rows={[
              [t('people.who'), shown.user],
              [t('reviews.tenant'), shown.tenant],
            ]}
          />
        </div>
      )}
      <Facts
        rows={[
          [t('people.first'), <Time key="f" at={person.first_seen} />],
          [t('people.last'), <Time key="l" at={person.last_seen} />],
          [t('people.keptUntil'), person.kept_until && <Time key="k" at={person.kept_until} />],
          [t('people.held'), person.hold],
          [t('people.sameAs'), person.same_as?.join(', ')],
          [t('people.commitment'), <Mono key="c">{person.commitment}</Mono>],
        ]}
      />
      <p className="row" style={{marginTop: 16}}>
        {actsFor(person).map((each) => (
          <Button key={each} danger={each === 'erase'} onClick={() => act(each)}>
            {word('personAct', each)}
          </Button>
        ))}
      </p>
    </>
  );
}

export default function People() {
  const {t, word} = useWords();
  const {at, put} = useAddress();
  const client = useQueryClient();
  const people = useQuery({queryKey: ['people'], queryFn: ({signal}) => get<{people: LedgerPerson[]}>('/api/v1/audit/people', signal)});
  const [act, setAct] = useState<Act | null>(null);
  // Names that were lifted stay on this page alone, and go with it.
  const [shown, setShown] = useState<Record<string, LedgerPerson>>({});
  const looked = at('q').toLowerCase();
  const chosen = people.data?.people.find((person) => person.name === at('name'));
  const run = async (reason: string) => {
    if (!chosen || !act) return;
    const path = `/api/v1/audit/people/${chosen.name.split('/').map(encodeURIComponent).join('/')}`;
    if (act === 'show') {
      const found = await get<LedgerPerson>(`${path}${query({reason})}`);
      setShown({...shown, [chosen.name]: found});
      return;
    }
    await post(`${path}/${act}`, {reason});
    setShown({});
    await client.invalidateQueries({queryKey: ['people']});
  };
  return (
    <Page title={t('nav.people')} lead={t('people.lead')}>
      <Panel>
        <Field label={t('data.find')} type="search" value={at('q')} put={(value) => put('q', value)} />
      </Panel>
      <Panel>
        <Shown of={people}>
          {(data) => (
            <Table
              label={t('nav.people')}
              rows={data.people.filter((person) => person.name.toLowerCase().includes(looked))}
              keyOf={(person) => person.name}
              none={t('people.none')}
              columns={[
                {
                  head: t('people.name'),
                  cell: ({name}) => (
                    <a
                      href={`?name=${encodeURIComponent(name)}`}
                      onClick={(event) => {
                        event.preventDefault();
                        put('name', name, 'back');
                      }}
                    >
                      {name}
                    </a>
                  ),
                },
                {head: t('jobs.state'), cell: (person) => <StateTag area="person" state={person.state} />},
                {head: t('people.last'), cell: (person) => <Time at={person.last_seen} />},
                {head: t('people.keptUntil'), cell: (person) => <Time at={person.kept_until} />},
                {head: t('people.held'), cell: (person) => person.hold ?? '–'},
              ]}
            />
          )}
        </Shown>
      </Panel>
      <Sheet open={Boolean(chosen)} close={() => put('name', null)} title={chosen?.name}>
        {chosen && <PersonView person={chosen} shown={shown[chosen.name]} act={setAct} />}
      </Sheet>
      <ReasonDialog
        draft={`person.${act ?? ''}`}
        open={act !== null}
        title={act ? `${word('personAct', act)}: ${chosen?.name ?? ''}` : ''}
        confirm={act ? word('personAct', act) : ''}
        danger={act === 'erase'}
        note={act === 'erase' ? t('people.eraseNote') : act === 'show' ? t('people.showNote') : undefined}
        act={run}
        close={() => setAct(null)}
      />
    </Page>
  );
}
