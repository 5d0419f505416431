// Whether a ledger's head continues the one that this browser saw last, said in words.
import {useQuery} from '@tanstack/react-query';
import {call, Problem} from '../api/client';
import {useWords} from '../shell/settings';
import {localTime, number} from '../ui/format';
import {ProblemNote, Waiting} from '../ui/parts';
import {follow, headOf, isAlarm, remember, seenHead, type Following, type SeenHead} from './heads';

export async function readLogFile(path: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await (await call(`/log/${path}`)).arrayBuffer());
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

interface Followed extends Following {
  before?: SeenHead;
}

// A head that continues the last one takes its place. One that does not leaves it: the alarm stays.
export function useFollowing(region: string, note: string | undefined, keys: string[]) {
  return useQuery({
    queryKey: ['following', region, note, keys],
    queryFn: async (): Promise<Followed> => {
      const before = seenHead(region);
      const found = await follow(before, note ?? '', keys, readLogFile);
      if (found.head && !isAlarm(found.verdict)) remember(region, headOf(found.head, note ?? ''));
      return {...found, before};
    },
    enabled: Boolean(region && note && keys.length > 0),
    staleTime: Infinity,
    retry: false,
  });
}

export function FollowingNote({of}: {of: ReturnType<typeof useFollowing>}) {
  const {t} = useWords();
  if (of.error) return <ProblemNote error={of.error} />;
  if (!of.data) return <Waiting />;
  const {verdict, head, before, hashes} = of.data;
  const sizes = {earlier: number(before?.size ?? 0), later: number(head?.size ?? 0), count: hashes, time: before ? localTime(before.seen) : ''};
  const words = {
    first: t('head.first'),
    same: t('head.same', sizes),
    grown: t('head.grown', sizes),
    shorter: t('head.shorter', sizes),
    contradicts: t('head.contradicts', sizes),
    unsigned: t('head.unsigned'),
    unreadable: t('head.unreadable'),
  };
  return (
    <div className={`note ${isAlarm(verdict) ? 'bad' : 'good'}`} role={isAlarm(verdict) ? 'alert' : 'status'}>
      <p>{words[verdict]}</p>
      {isAlarm(verdict) && before && (
        <>
          <p>{t('head.keepThis')}</p>
          <pre className="raw" tabIndex={0} aria-label={t('head.before')}>
            {before.note}
          </pre>
        </>
      )}
    </div>
  );
}
