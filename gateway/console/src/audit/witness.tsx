// What a witness makes of a ledger: an alarm, a fresh cosignature, or an old one.
import {useWords} from '../shell/settings';

export function WitnessTag({alarm, fresh}: {alarm?: string; fresh: boolean}) {
  const {t, word} = useWords();
  if (alarm) return <span className="tag tone-bad">{word('alarm', alarm)}</span>;
  return <span className={`tag ${fresh ? 'tone-good' : 'tone-wait'}`}>{fresh ? t('overview.cosigned') : t('overview.notFresh')}</span>;
}
