// One project: both halves beside each other, what it may cost and has cost, and its data sets with what each owner says.
import {useQuery} from '@tanstack/react-query';
import {useState} from 'react';
import {Link, useParams} from 'wouter';
import {get} from '../api/client';
import type {Project, ProjectSide} from '../api/types';
import {shareOf, toneOf} from '../network/shares';
import {useStatus} from '../shell/frame';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {money} from '../ui/format';
import {Bar, City, Facts, Mono, Page, Panel, Shown, StateTag, Time} from '../ui/parts';
import {Table} from '../ui/table';
import {ActDialog} from './act';
import {grantsOf, needsReason, ownSide, saysOf, type ProjectSay} from './acts';

function SideView({side}: {side: ProjectSide}) {
  const {t} = useWords();
  return (
    <Panel title={<City region={side.region} />} aside={<StateTag area="projectSide" state={side.state} />}>
      <Facts
        rows={[
          [t('data.owner'), side.owner],
          [t('project.members'), side.members.length > 0 ? side.members.join(', ') : '–'],
          [t('projects.budget'), money(side.budget_cny, 'CNY')],
          [t('project.spent'), money(side.spent_cny, 'CNY')],
          [t('project.promised'), money(side.promised_cny, 'CNY')],
          [t('project.changed'), side.changed && <Time key="c" at={side.changed} />],
          [t('project.changedBy'), side.changed_by],
          [t('shell.reason'), side.reason],
        ]}
      />
    </Panel>
  );
}

function Budget({project}: {project: Project}) {
  const {t} = useWords();
  const [used, budget] = [Number(project.used_cny), Number(project.budget_cny)];
  const share = used === 0 && budget === 0 ? 0 : shareOf(used, budget);
  const text = t('project.usedOf', {used: project.used_cny, budget: project.budget_cny});
  return (
    <Panel title={t('projects.budget')}>
      <div className="row spread small">
        <span>{t('project.used')}</span>
        <span className="number">{text}</span>
      </div>
      <Bar share={share} tone={toneOf(share)} label={text} />
      <p className="small">{t('project.lower')}</p>
    </Panel>
  );
}

function DataSets({project, mine, revoke}: {project: Project; mine?: ProjectSide; revoke: (dataset: string) => void}) {
  const {t, word} = useWords();
  const at = project.sides.findIndex((side) => side.region === mine?.region);
  return (
    <Panel title={t('project.datasets')}>
      <Table
        label={t('project.datasets')}
        rows={grantsOf(project)}
        keyOf={(grant) => grant.dataset}
        none={t('project.noDatasets')}
        columns={[
          {head: t('access.dataset'), cell: ({dataset}) => <Link href={`/data?id=${encodeURIComponent(dataset)}`}>{dataset}</Link>},
          ...project.sides.map((side, nth) => ({
            head: word('region', side.region),
            cell: ({sides}: {sides: ({until?: string} | null)[]}) =>
              sides[nth] ? (
                <>
                  {t('project.granted')}{' '}
                  {sides[nth].until && (
                    <span className="small">
                      {t('project.until')} <Time at={sides[nth].until} />
                    </span>
                  )}
                </>
              ) : (
                <span className="small">{t('project.notGranted')}</span>
              ),
          })),
          {head: t('jobs.state'), cell: ({readable}) => readable && <span className="tag tone-good">{t('project.readable')}</span>},
          mine?.state === 'accepted' && {
            head: t('filings.act'),
            cell: ({dataset, sides}) =>
              sides[at] && (
                <Button danger onClick={() => revoke(dataset)}>
                  {word('projectAct', 'revoke')}
                </Button>
              ),
          },
        ]}
      />
    </Panel>
  );
}

export default function ProjectPage() {
  const {id = ''} = useParams<{id: string}>();
  const {t, word} = useWords();
  const {caller} = useSession();
  const here = useStatus().data?.region ?? '';
  const [said, setSaid] = useState<{say: ProjectSay; dataset?: string} | null>(null);
  const project = useQuery({queryKey: ['projects', id], queryFn: ({signal}) => get<Project>(`/api/v1/projects/${encodeURIComponent(id)}`, signal), refetchInterval: usePace(3000, 4000)});
  const mine = project.data && ownSide(project.data, caller, here);
  const over = project.data && project.data.state !== 'open' && project.data.state !== 'invited';
  return (
    <Page
      title={project.data?.title || id}
      lead={<Mono>{id}</Mono>}
      aside={(over ? [] : saysOf(mine)).map((say) => (
        <Button key={say} type={say === 'accept' ? 'primary' : undefined} danger={needsReason(say)} onClick={() => setSaid({say})}>
          {word('projectAct', say)}
        </Button>
      ))}
    >
      <Shown of={project}>
        {(found) => (
          <>
            <Panel>
              <p className="row">
                <StateTag area="projectState" state={found.state} />
              </p>
              {mine?.state === 'invited' && !over && <p className="note wait">{t('project.invited')}</p>}
              <Facts
                rows={[
                  [t('job.purpose'), found.purpose ? word('purpose', found.purpose) : t('projects.anyPurpose')],
                  [t('project.begun'), <span key="b"><City region={found.begun_in} /> <Time at={found.begun} /></span>],
                  [t('nav.jobs'), <Link key="j" href={`/jobs?project=${encodeURIComponent(found.id)}`}>{t('project.jobs')}</Link>],
                ]}
              />
            </Panel>
            <Budget project={found} />
            <div className="grid two">
              {found.sides.map((side) => (
                <SideView key={side.region} side={side} />
              ))}
            </div>
            <DataSets project={found} mine={over ? undefined : mine} revoke={(dataset) => setSaid({say: 'revoke', dataset})} />
            {said && mine && <ActDialog key={`${said.say}${said.dataset ?? ''}`} project={found} side={mine} say={said.say} dataset={said.dataset} close={() => setSaid(null)} />}
          </>
        )}
      </Shown>
    </Page>
  );
}
