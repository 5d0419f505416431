// What waits for a reviewer, by deadline.
import {useQuery} from '@tanstack/react-query';
import {Link} from 'wouter';
import {get, query} from '../api/client';
import type {Review} from '../api/types';
import {useAddress} from '../shell/address';
import {usePace} from '../shell/live';
import {useWords} from '../shell/settings';
import {bytes, duration} from '../ui/format';
import {Pick} from '../ui/fields';
import {City, Mono, Page, Panel, Shown, StateTag, Time} from '../ui/parts';
import {Table} from '../ui/table';
import {byDeadline, left} from './deadline';

const states = ['open', 'approved', 'rejected', 'closed', 'expired', 'all'];

function Left({review}: {review: Review}) {
  const seconds = left(review, Date.now());
  if (seconds === null) return <>–</>;
  return <span className={seconds < 86_400 ? 'tag tone-bad' : seconds < 3 * 86_400 ? 'tag tone-wait' : 'tag'}>{duration(Math.max(0, seconds))}</span>;
}

export default function Reviews() {
  const {t, word} = useWords();
  const {at, put} = useAddress();
  const state = at('state') || 'open';
  const reviews = useQuery({queryKey: ['reviews', state], queryFn: ({signal}) => get<{reviews: Review[]}>(`/api/v1/reviews${query({state})}`, signal), refetchInterval: usePace()});
  return (
    <Page title={t('nav.reviews')} lead={t('reviews.lead')} aside={<Pick label={t('jobs.state')} area="review" options={states} value={state} put={(next) => put('state', next)} />}>
      <Panel>
        <Shown of={reviews}>
          {(data) => (
            <Table
              label={t('nav.reviews')}
              rows={byDeadline(data.reviews)}
              keyOf={(review) => review.id}
              none={state === 'open' ? t('reviews.none') : t('reviews.noneSuch')}
              columns={[
                {
                  head: t('reviews.item'),
                  cell: ({id, crossing}) => (
                    <>
                      <Link href={`/reviews/${encodeURIComponent(id)}`} className="name-cell">
                        {crossing?.item.name ?? id}
                      </Link>{' '}
                      <span className="small">
                        {crossing && word('kind', crossing.item.kind)} {bytes(crossing?.item.bytes)}
                      </span>
                    </>
                  ),
                },
                {
                  head: t('reviews.route'),
                  cell: ({crossing}) => (
                    <>
                      <City region={crossing?.from} /> <span aria-hidden="true">→</span> <City region={crossing?.to} />
                    </>
                  ),
                },
                {head: t('reviews.rules'), cell: ({crossing}) => (crossing?.ours?.rules ?? []).map((rule) => <Mono key={rule.id}>{rule.id} </Mono>)},
                {head: t('reviews.tenant'), cell: (review) => review.tenant},
                {head: t('reviews.opened'), cell: (review) => <Time at={review.opened} />},
                state === 'open' ? {head: t('reviews.left'), cell: (review) => <Left review={review} />} : {head: t('jobs.state'), cell: (review) => <StateTag area="review" state={review.state} />},
              ]}
            />
          )}
        </Shown>
      </Panel>
    </Page>
  );
}
