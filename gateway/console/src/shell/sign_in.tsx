// Sign-in by the region's own providers; a token of one's own where somebody has one.
import {useQuery} from '@tanstack/react-query';
import {Button} from '../ui/button';
import {useEffect, useId, useRef, useState} from 'react';
import {languageNames, languages} from '../words';
import {Waiting} from '../ui/parts';
import {River} from './river';
import {providers, useSession} from './session';
import {useSettings, useWords} from './settings';

const returnTo = () => encodeURIComponent(window.location.pathname + window.location.search);

export function SignInForm() {
  const {t, word} = useWords();
  const {signInWithToken} = useSession();
  const known = useQuery({queryKey: ['providers'], queryFn: providers, staleTime: 300_000});
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const field = useId();
  const refused = new URLSearchParams(window.location.search).get('reason');
  const go = () => {
    setBusy(true);
    setError('');
    signInWithToken(text)
      .then(() => setText(''))
      .catch((caught: {status?: number}) => setError(caught.status === 401 ? t('signIn.badToken') : t('shell.unreachable')))
      .finally(() => setBusy(false));
  };
  return (
    <div className="sign-in-form">
      {refused && (
        <p className="note bad" role="alert">
          {t('signIn.refused')} {word('signInReason', refused)}
        </p>
      )}
      {known.isPending && <Waiting />}
      {known.data?.map((provider) => (
        <a key={provider.name} className="button primary large" href={`${provider.sign_in}?return_to=${returnTo()}`}>
          {t('signIn.with', {provider: provider.title})}
        </a>
      ))}
      <details open={known.data?.length === 0}>
        <summary>{t('signIn.withToken')}</summary>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim()) go();
          }}
        >
          <label className="field-label" htmlFor={field}>
            {t('signIn.token')}
          </label>
          <textarea className="field wide" id={field} value={text} onChange={(event) => setText(event.target.value)} rows={3} autoComplete="off" spellCheck={false} />
          <p className="small">{t('signIn.tokenNote')}</p>
          <Button submit type={known.data?.length ? 'default' : 'primary'} loading={busy} disabled={!text.trim()}>
            {t('signIn.go')}
          </Button>
        </form>
      </details>
      {error && (
        <p className="note bad" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

export function SignInPage() {
  const {t, language, setLanguage} = {...useWords(), ...useSettings()};
  return (
    <main className="sign-in">
      <River />
      <div className="sign-in-card">
        <h1>{t('signIn.title')}</h1>
        <p className="lead">{t('signIn.lead')}</p>
        <SignInForm />
        <p className="languages">
          {languages.map((each) => (
            <button key={each} type="button" lang={each} aria-pressed={language === each} onClick={() => setLanguage(each)}>
              {languageNames[each]}
            </button>
          ))}
        </p>
      </div>
    </main>
  );
}

// Over the page, which keeps what was typed. The browser's own dialog: it holds the focus.
export function SignInAgain() {
  const {t} = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="sheet-dialog" aria-labelledby={title} onCancel={(event) => event.preventDefault()}>
      <h2 id={title}>{t('signIn.again')}</h2>
      <p>{t('signIn.kept')}</p>
      <SignInForm />
    </dialog>
  );
}
