// One held crossing: what wants to cross, why it was held, what inspection found (masked), and the answer.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useState} from 'react';
import {Link, useParams} from 'wouter';
import {get, post} from '../api/client';
import type {Evidence, Review} from '../api/types';
import {usePace} from '../shell/live';
import {useSession} from '../shell/session';
import {useWords} from '../shell/settings';
import {bytes, number, value} from '../ui/format';
import {City, Facts, Mono, Nothing, Page, Panel, Shown, StateTag, Time} from '../ui/parts';
import {ReasonDialog} from '../ui/reason';
import {Table} from '../ui/table';
import {LabelList, VerdictView} from '../ui/verdict';

function EvidenceView({evidence}: {evidence?: Evidence}) {
  const {t, word} = useWords();
  if (!evidence) return <Nothing>{t('review.noEvidence')}</Nothing>;
  const notRead = (evidence.coverage?.not_read as string[] | undefined) ?? [];
  return (
    <>
      <p>
        <span className={`tag ${evidence.verdict === 'clean' ? 'tone-good' : 'tone-bad'}`}>{word('inspection', evidence.verdict)}</span> <span className="small">{t('review.read', {bytes: bytes(evidence.bytes)})}</span>
      </p>
      {notRead.length > 0 && <p className="note wait">{t('review.notRead')} {notRead.join(', ')}</p>}
      {evidence.findings.length > 0 && (
        <Table
          label={t('review.evidence')}
          rows={evidence.findings}
          keyOf={(_, at) => at}
          none="–"
          columns={[
            {head: t('review.found'), cell: (finding) => word('finding', finding.kind)},
            {head: t('review.count'), number: true, cell: (finding) => number(finding.count)},
            {head: t('review.sure'), cell: (finding) => word('confidence', finding.confidence ?? '')},
            {head: t('review.where'), cell: (finding) => <Mono>{finding.path || '–'}</Mono>},
            {
              head: t('review.excerpt'),
              cell: (finding) =>
                finding.excerpts?.map((excerpt, nth) => (
                  <div key={nth}>
                    <Mono>{excerpt}</Mono>
                  </div>
                )),
            },
          ]}
        />
      )}
      <p className="small">{t('review.masked')}</p>
    </>
  );
}

export default function ReviewPage() {
  const {id = ''} = useParams<{id: string}>();
  const {t, word} = useWords();
  const {has} = useSession();
  const client = useQueryClient();
  const [answer, setAnswer] = useState<'approve' | 'reject' | null>(null);
  const review = useQuery({queryKey: ['review', id], queryFn: ({signal}) => get<Review>(`/api/v1/reviews/${encodeURIComponent(id)}`, signal), refetchInterval: usePace(8000)});
  const act = async (reason: string) => {
    await post(`/api/v1/reviews/${encodeURIComponent(id)}/${answer}`, {reason});
    await client.invalidateQueries({predicate: (query) => ['reviews', 'review', 'status'].includes(String(query.queryKey[0]))});
  };
  const data = review.data;
  const open = data?.state === 'open';
  return (
    <Page
      title={data?.crossing ? t('review.title', {name: data.crossing.item.name}) : t('nav.reviews')}
      lead={<Mono>{id}</Mono>}
      aside={
        open &&
        has('reviewer') && (
          <>
            <Button type="primary" onClick={() => setAnswer('approve')}>
              {t('review.approve')}
            </Button>
            <Button danger onClick={() => setAnswer('reject')}>
              {t('review.reject')}
            </Button>
          </>
        )
      }
    >
      <Shown of={review}>
        {(found) => (
          <div className="split">
            <div>
              <Panel>
                <p className="row">
                  <StateTag area="review" state={found.state} />
                  {found.crossing && (
                    <>
                      <City region={found.crossing.from} /> <span aria-hidden="true">→</span> <City region={found.crossing.to} />
                      <span className="tag">{word('kind', found.crossing.item.kind)}</span>
                      <span>{bytes(found.crossing.item.bytes)}</span>
                    </>
                  )}
                </p>
                <Facts
                  rows={[
                    [t('reviews.opened'), <Time key="o" at={found.opened} />],
                    [t('review.expires'), found.expires && <Time key="e" at={found.expires} />],
                    [t('reviews.tenant'), found.tenant],
                    [t('review.exporter'), found.crossing?.exporter],
                    [t('review.recipient'), found.crossing?.recipient],
                    [t('job.purpose'), found.crossing?.purpose && word('purpose', found.crossing.purpose)],
                    [t('job.title'), found.crossing?.job && <Link key="j" href={`/jobs/${encodeURIComponent(found.crossing.job)}`}>{found.crossing.job}</Link>],
                    [t('review.reviewers'), found.reviewers && t('review.ofReviewers', {given: found.approvals?.length ?? 0, needed: found.reviewers})],
                    [t('review.answeredBy'), found.answered_by],
                    [t('review.answered'), found.answered && <Time key="a" at={found.answered} />],
                    [t('shell.reason'), found.reason],
                  ]}
                />
              </Panel>
              <Panel title={t('review.evidence')}>
                <EvidenceView evidence={found.evidence} />
              </Panel>
            </div>
            <div>
              {found.crossing?.ours && (
                <Panel title={t('review.why')}>
                  <VerdictView verdict={found.crossing.ours} />
                </Panel>
              )}
              {found.crossing?.theirs && (
                <Panel title={t('verdict.there', {region: word('region', found.crossing.theirs.region ?? '')})}>
                  <VerdictView verdict={found.crossing.theirs} />
                </Panel>
              )}
              <Panel title={t('review.labels')}>{found.crossing && <LabelList labels={found.crossing.item.labels} />}</Panel>
              {found.crossing?.facts && (
                <Panel>
                  <details>
                    <summary>{t('review.facts')}</summary>
                    <Facts rows={Object.entries(found.crossing.facts).map(([name, of]) => [<Mono key={name}>{name}</Mono>, value(of)])} />
                  </details>
                </Panel>
              )}
            </div>
          </div>
        )}
      </Shown>
      <ReasonDialog
        draft={`review.${id}.${answer ?? ''}`}
        open={answer !== null}
        title={answer === 'approve' ? t('review.approveTitle') : t('review.rejectTitle')}
        confirm={answer === 'approve' ? t('review.approve') : t('review.reject')}
        danger={answer === 'reject'}
        note={t('review.note')}
        act={act}
        close={() => setAnswer(null)}
      />
    </Page>
  );
}
