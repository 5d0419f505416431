// The projects that one's tenant is a member of, and the way to begin one.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Link, useLocation} from 'wouter';
import {get, post} from '../api/client';
import type {Peer, Project} from '../api/types';
import {purposes} from '../jobs/purposes';
import {useAddress} from '../shell/address';
import {useDraft} from '../shell/drafts';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {Button} from '../ui/button';
import {Sheet} from '../ui/drawer';
import {Field, Pick} from '../ui/fields';
import {money} from '../ui/format';
import {City, Page, Panel, ProblemNote, Shown, StateTag} from '../ui/parts';
import {Table} from '../ui/table';
import {useWork} from '../ui/work';

const start = {id: '', title: '', purpose: '', region: '', tenant: '', reason: ''};

function Begin() {
  const {t} = useWords();
  const client = useQueryClient();
  const [, go] = useLocation();
  const [form, setForm, forget] = useDraft('project', start);
  const {busy, error, run} = useWork();
  const peers = useQuery({queryKey: ['peers'], queryFn: ({signal}) => get<{peers: Peer[]}>('/api/v1/peers', signal)});
  const regions = peers.data?.peers.map(({region}) => region) ?? [];
  const region = form.region || regions[0] || '';
  const put = (name: keyof typeof start) => (value: string) => setForm({...form, [name]: value});
  const send = () =>
    run(async () => {
      const made = await post<Project>('/api/v1/projects', Object.fromEntries(Object.entries({...form, region}).filter(([, value]) => value)));
      forget();
      await client.invalidateQueries({queryKey: ['projects']});
      go(`/projects/${encodeURIComponent(made.id)}`);
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <p className="note">{t('projects.beginNote')}</p>
      <Field label={t('projects.id')} wide value={form.id} put={put('id')} />
      <Field label={t('data.titleOf')} wide value={form.title} put={put('title')} />
      <Pick label={t('job.purpose')} wide area="purpose" options={purposes} any={t('projects.anyPurpose')} value={form.purpose} put={put('purpose')} />
      <Pick label={t('projects.region')} wide area="region" options={regions} value={region} put={put('region')} />
      <Field label={t('projects.tenant')} wide value={form.tenant} put={put('tenant')} />
      <Field label={t('shell.reason')} wide value={form.reason} put={put('reason')} />
      <ProblemNote error={error} />
      <p className="row" style={{marginTop: 14}}>
        <Button type="primary" submit loading={busy}>
          {t('projects.begin')}
        </Button>
      </p>
    </form>
  );
}

export default function Projects() {
  const {t, word} = useWords();
  const {has} = useSession();
  const {at, put} = useAddress();
  // No event tells of them.
  const projects = useQuery({queryKey: ['projects'], queryFn: ({signal}) => get<{projects: Project[]}>('/api/v1/projects', signal), refetchInterval: usePace(4000, 6000)});
  return (
    <Page
      title={t('nav.projects')}
      lead={t('projects.lead')}
      aside={
        has('data-owner') && (
          <Button type="primary" onClick={() => put('new', '1', 'back')}>
            {t('projects.begin')}
          </Button>
        )
      }
    >
      <Panel>
        <Shown of={projects}>
          {(data) => (
            <Table
              label={t('nav.projects')}
              rows={data.projects}
              keyOf={(project) => project.id}
              none={t('projects.none')}
              columns={[
                {
                  head: t('jobs.name'),
                  cell: ({id, title}) => (
                    <>
                      <Link href={`/projects/${encodeURIComponent(id)}`} className="name-cell">
                        {title || id}
                      </Link>{' '}
                      {title && <span className="small">{id}</span>}
                    </>
                  ),
                },
                {head: t('jobs.state'), cell: (project) => <StateTag area="projectState" state={project.state} />},
                {
                  head: t('projects.owners'),
                  cell: (project) =>
                    project.sides.map((side) => (
                      <div key={side.region}>
                        <City region={side.region} /> {side.owner}
                      </div>
                    )),
                },
                {head: t('job.purpose'), cell: (project) => (project.purpose ? word('purpose', project.purpose) : t('projects.anyPurpose'))},
                {head: t('project.used'), number: true, cell: (project) => money(project.used_cny, 'CNY')},
                {head: t('projects.budget'), number: true, cell: (project) => money(project.budget_cny, 'CNY')},
              ]}
            />
          )}
        </Shown>
      </Panel>
      <Sheet open={at('new') === '1'} close={() => put('new', null)} title={t('projects.begin')}>
        <Begin />
      </Sheet>
    </Page>
  );
}
