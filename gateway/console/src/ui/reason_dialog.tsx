// Asks for a reason, and for what else it takes, before something that is written into the ledger. What was typed is kept
// until it was done.
import Input from 'antd/es/input';
import Modal from 'antd/es/modal';
import {useId, type ReactNode} from 'react';
import {useDraft} from '../shell/drafts';
import {useWords} from '../shell/settings';
import {Antd} from './antd';
import {Button} from './button';
import {ProblemNote} from './parts';
import {useWork} from './work';

export interface ReasonProps {
  draft: string;
  open: boolean;
  title: string;
  confirm: string;
  danger?: boolean;
  note?: string;
  optional?: boolean;
  children?: ReactNode; // fields above the reason
  ready?: boolean; // false: those are not filled in yet
  act: (reason: string) => Promise<unknown>;
  close: () => void;
}

export default function Dialog({draft, open, title, confirm, danger, note, optional = false, children, ready = true, act, close}: ReasonProps) {
  const {t} = useWords();
  const [reason, setReason, forget] = useDraft(draft, '');
  const {busy, error, run} = useWork();
  const field = useId();
  const go = () =>
    run(async () => {
      await act(reason.trim());
      forget();
      close();
    });
  return (
    <Antd>
      <Modal
        open={open}
        title={title}
        onCancel={close}
        destroyOnHidden
        footer={
          <div className="row end">
            <Button onClick={close}>{t('shell.cancel')}</Button>
            <Button type="primary" danger={danger} loading={busy} disabled={!ready || (!optional && !reason.trim())} onClick={() => void go()}>
              {confirm}
            </Button>
          </div>
        }
      >
        {note && <p className="note">{note}</p>}
        {children}
        <label className="field-label" htmlFor={field}>
          {t('shell.reason')}
        </label>
        <Input.TextArea id={field} value={reason} onChange={(event) => setReason(event.target.value)} rows={3} maxLength={4096} autoFocus />
        <p className="small">{t('shell.reasonKept')}</p>
        <ProblemNote error={error} />
      </Modal>
    </Antd>
  );
}
