// Upload of an input with progress and resume. The gateway says whether it takes uploads; where it does not, nothing is shown.
import {useState} from 'react';
import {useWords} from '../shell/settings';
import {bytes} from '../ui/format';
import {Bar, ProblemNote} from '../ui/parts';
import {sendFile, useUploads} from './tus';

export function Upload({use}: {use: (url: string, name: string) => void}) {
  const {t} = useWords();
  const there = useUploads();
  const [at, setAt] = useState<{name: string; done: number; total: number} | null>(null);
  const [error, setError] = useState<unknown>(null);
  if (!there.data) return null;
  const send = async (file: File) => {
    setError(null);
    try {
      setAt({name: file.name, done: 0, total: file.size});
      const url = await sendFile(file, (done) => setAt({name: file.name, done, total: file.size}));
      use(url, file.name);
      setAt(null);
    } catch (caught) {
      setError(caught);
    }
  };
  return (
    <div className="stack">
      <label>
        <span className="field-label">{t('form.upload')}</span>
        <input
          type="file"
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) void send(file);
          }}
        />
      </label>
      {at && (
        <p className="small" role="status">
          {at.name}: {bytes(at.done)} / {bytes(at.total)} <Bar share={at.total ? at.done / at.total : 1} label={t('form.uploaded', {share: Math.floor((100 * at.done) / Math.max(1, at.total))})} />
        </p>
      )}
      {error !== null && (
        <>
          <ProblemNote error={error} />
          <p className="small">{t('form.uploadAgain')}</p>
        </>
      )}
    </div>
  );
}
