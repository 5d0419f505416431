// The dialog in which an owner says something about their half of a project.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {get, post} from '../api/client';
import type {Dataset, Project, ProjectSide} from '../api/types';
import {useDraft} from '../shell/drafts';
import {useWords} from '../shell/settings';
import {Field} from '../ui/fields';
import {ReasonDialog} from '../ui/reason';
import {bodyOf, isReady, needsReason, type ProjectSay, type ProjectWords} from './acts';

interface Props {
  project: Project;
  side: ProjectSide;
  say: ProjectSay;
  dataset?: string; // that is taken back
  close: () => void;
}

export function ActDialog({project, side, say, dataset = '', close}: Props) {
  const {t, word} = useWords();
  const client = useQueryClient();
  const start: ProjectWords = {members: side.members.join(' '), cny: Number(side.budget_cny) > 0 ? side.budget_cny : '', dataset, days: ''};
  const [words, setWords, forget] = useDraft(`project.${project.id}.${say}${dataset}.fields`, start);
  const datasets = useQuery({queryKey: ['datasets'], queryFn: ({signal}) => get<{datasets: Dataset[]}>('/api/v1/datasets', signal), enabled: say === 'grant'});
  const owners = project.sides.map(({owner}) => owner);
  const put = (name: keyof ProjectWords) => (value: string) => setWords({...words, [name]: value});
  const send = async (reason: string) => {
    const now = await post<Project>(`/api/v1/projects/${encodeURIComponent(project.id)}/${say}`, bodyOf(say, words, reason));
    forget();
    client.setQueryData(['projects', project.id], now);
    await client.invalidateQueries({queryKey: ['projects']});
  };
  return (
    <ReasonDialog
      draft={`project.${project.id}.${say}${dataset}`}
      open
      title={`${word('projectAct', say)}: ${dataset || project.title || project.id}`}
      confirm={word('projectAct', say)}
      danger={needsReason(say) || say === 'revoke'}
      optional={!needsReason(say)}
      note={say === 'close' ? t('project.closeNote') : t('project.sideNote')}
      ready={isReady(say, words)}
      act={send}
      close={close}
    >
      {say === 'members' && <Field label={t('project.membersField')} wide value={words.members} put={put('members')} />}
      {say === 'budget' && <Field label={t('project.cny')} wide value={words.cny} put={put('cny')} />}
      {say === 'grant' && (
        <>
          <Field label={t('access.dataset')} wide value={words.dataset} put={put('dataset')} options={datasets.data?.datasets.filter((each) => owners.includes(each.owner)).map(({id}) => id)} />
          <Field label={t('project.days')} type="number" min={1} wide value={words.days} put={put('days')} />
        </>
      )}
    </ReasonDialog>
  );
}
