// What a witness makes of a ledger: an alarm with its particulars, a fresh cosignature, or an old one.
import {useWords} from '../shell/settings';
import {Said} from '../ui/parts';

// "rolled-back: hetao/shenzhen: …": a word of ours, and the gateway's own words.
export function Alarm({text}: {text: string}) {
  const {word} = useWords();
  const [kind = '', ...rest] = text.split(': ');
  return (
    <>
      <span className="tag tone-bad">{word('alarm', kind)}</span>
      {rest.length > 0 && <Said className="basis">{rest.join(': ')}</Said>}
    </>
  );
}

export function WitnessTag({alarm, fresh}: {alarm?: string; fresh: boolean}) {
  const {t} = useWords();
  if (alarm) return <Alarm text={alarm} />;
  return <span className={`tag ${fresh ? 'tone-good' : 'tone-wait'}`}>{fresh ? t('overview.cosigned') : t('overview.notFresh')}</span>;
}
