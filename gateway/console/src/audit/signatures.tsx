// Who signed a note, each signature checked here.
import {useWords} from '../shell/settings';
import {localTime} from '../ui/format';
import {Mono} from '../ui/parts';
import {signedByLog, type Signed} from './note';

// As steps of a list of the caller's.
export function SignatureSteps({signed, name}: {signed: Signed[]; name: string}) {
  const {t} = useWords();
  const holds = signedByLog(signed);
  const own = signed.filter((one) => one.key.type === 1);
  const others = signed.filter((one) => one.key.type === 4);
  return (
    <>
      <li className={holds ? 'good' : 'bad'}>
        {holds ? t('proof.signed') : t('proof.notSigned')} <Mono>{own.map((one) => one.key.name).join(', ') || name}</Mono>
      </li>
      {others.map((one) => (
        <li key={one.key.text} className={one.holds ? 'good' : 'bad'}>
          {one.holds ? t('proof.cosigned', {time: one.time ? localTime(one.time) : ''}) : t('proof.notCosigned')} <Mono>{one.key.name}</Mono>
        </li>
      ))}
    </>
  );
}

export function SignatureList({signed, name}: {signed: Signed[]; name: string}) {
  const {t} = useWords();
  return (
    <ol className="proof-steps">
      <SignatureSteps signed={signed} name={name} />
      {!signed.some((one) => one.key.type === 4 && one.holds) && <li className="busy">{t('proof.noCosignature')}</li>}
    </ol>
  );
}
