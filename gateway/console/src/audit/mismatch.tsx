// Where both books disagree: what one side wrote beside what the other did.
import {Link} from 'wouter';
import type {Booked, Mismatch} from '../api/types';
import {useWords} from '../shell/settings';
import {bytes, short} from '../ui/format';
import {City, Mono, Said, Time} from '../ui/parts';

function BookedView({title, entry}: {title: string; entry: Booked | null}) {
  const {t} = useWords();
  return (
    <section>
      <h3>{title}</h3>
      {entry ? (
        <p className="small">
          <City region={entry.region} /> № {entry.sequence} <Time at={entry.time} />
          <br />
          {bytes(entry.item_bytes)} · <Mono title={entry.item_digest}>{short(entry.item_digest)}</Mono>
        </p>
      ) : (
        <p className="small">{t('mismatch.nothing')}</p>
      )}
    </section>
  );
}

export function MismatchView({of}: {of: Mismatch}) {
  const {t, word} = useWords();
  return (
    <article className="note bad">
      <p>
        <strong>{word('mismatch', of.finding)}</strong>{' '}
        <Link href={`/audit/story?crossing=${encodeURIComponent(of.crossing)}`}>
          <Mono>{of.crossing}</Mono>
        </Link>
      </p>
      <div className="two-sides">
        <BookedView title={word('entry', 'departed')} entry={of.departed} />
        <BookedView title={word('entry', 'arrived')} entry={of.arrived} />
      </div>
      {of.detail && <Said className="basis">{of.detail}</Said>}
      {(of.departed?.proof || of.arrived?.proof) && <p className="small">{t('mismatch.proved')}</p>}
    </article>
  );
}
