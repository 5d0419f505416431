// What waits for a reviewer, by deadline.
import {useQuery} from '@tanstack/react-query';
import {Link, useSearchParams} from 'wouter';
import {get, query} from '../api/client';
import type {Review} from '../api/types';
import {usePace} from '../shell/live';
import {useWords} from '../shell/settings';
import {bytes, duration} from '../ui/format';
import {City, Mono, Nothing, Page, Panel, Shown, StateTag, Time} from '../ui/parts';
import {byDeadline, left} from './deadline';

const states = ['open', 'approved', 'rejected', 'closed', 'expired', 'all'];

export default function Reviews() {
  const {t, word} = useWords();
  const [search, setSearch] = useSearchParams();
  const state = search.get('state') ?? 'open';
  const reviews = useQuery({queryKey: ['reviews', state], queryFn: ({signal}) => get<{reviews: Review[]}>(`/api/v1/reviews${query({state})}`, signal), refetchInterval: usePace()});
  return (
    <Page
      title={t('nav.reviews')}
      lead={t('reviews.lead')}
      aside={
        <label>
          <span className="small">{t('jobs.state')} </span>
          <select className="field" value={state} onChange={(event) => setSearch({state: event.target.value}, {replace: true})}>
            {states.map((each) => (
              <option key={each} value={each}>
                {word('review', each)}
              </option>
            ))}
          </select>
        </label>
      }
    >
      <Panel>
        <Shown of={reviews}>
          {(data) => {
            if (data.reviews.length === 0) return <Nothing>{state === 'open' ? t('reviews.none') : t('reviews.noneSuch')}</Nothing>;
            const now = Date.now();
            return (
              <div className="scroll" tabIndex={0} role="region" aria-label={t('nav.reviews')}>
                <table className="plain">
                  <thead>
                    <tr>
                      <th scope="col">{t('reviews.item')}</th>
                      <th scope="col">{t('reviews.route')}</th>
                      <th scope="col">{t('reviews.rules')}</th>
                      <th scope="col">{t('reviews.tenant')}</th>
                      <th scope="col">{t('reviews.opened')}</th>
                      <th scope="col">{state === 'open' ? t('reviews.left') : t('jobs.state')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {byDeadline(data.reviews).map((review) => {
                      const crossing = review.crossing;
                      const seconds = left(review, now);
                      return (
                        <tr key={review.id}>
                          <td>
                            <Link href={`/reviews/${encodeURIComponent(review.id)}`} className="name-cell">
                              {crossing?.item.name ?? review.id}
                            </Link>{' '}
                            <span className="small">
                              {crossing && word('kind', crossing.item.kind)} {bytes(crossing?.item.bytes)}
                            </span>
                          </td>
                          <td>
                            <City region={crossing?.from} /> <span aria-hidden="true">→</span> <City region={crossing?.to} />
                          </td>
                          <td>
                            {(crossing?.ours?.rules ?? []).map((rule) => (
                              <Mono key={rule.id}>{rule.id} </Mono>
                            ))}
                          </td>
                          <td>{review.tenant}</td>
                          <td>
                            <Time at={review.opened} />
                          </td>
                          <td>
                            {state !== 'open' ? (
                              <StateTag area="review" state={review.state} />
                            ) : seconds === null ? (
                              '–'
                            ) : (
                              <span className={seconds < 86_400 ? 'tag tone-bad' : seconds < 3 * 86_400 ? 'tag tone-wait' : 'tag'}>{duration(Math.max(0, seconds))}</span>
                            )}
                          </td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              </div>
            );
          }}
        </Shown>
      </Panel>
    </Page>
  );
}
