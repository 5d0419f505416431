// The policy in force: its rules, in the reader's language, and what will change by itself.
import {useQuery} from '@tanstack/react-query';
import {Link, useSearchParams} from 'wouter';
import {get} from '../api/client';
import type {PolicyWarning} from '../api/types';
import {useSession} from '../shell/session';
import {useSettings, useWords} from '../shell/settings';
import {EffectTag, Mono, Nothing, Page, Panel, Shown, StateTag} from '../ui/parts';
import {usePolicy} from '../ui/verdict';

export default function Policy() {
  const {t, word} = useWords();
  const {language} = useSettings();
  const {has} = useSession();
  const policy = usePolicy();
  const [search, setSearch] = useSearchParams();
  const looked = search.get('q') ?? '';
  const effect = search.get('effect') ?? '';
  const warnings = useQuery({queryKey: ['policy', 'warnings'], queryFn: ({signal}) => get<{warnings: PolicyWarning[]}>('/api/v1/policy/warnings', signal), enabled: has('policy-admin', 'reviewer', 'auditor', 'operator')});
  const put = (name: string, value: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value) next.set(name, value);
      else next.delete(name);
      return next;
    }, {replace: true});
  return (
    <Page title={t('nav.policy')} lead={policy.data && `${policy.data.name} ${policy.data.version ?? ''}`} aside={has('policy-admin') && <Link href="/policy/edit" className="button">{t('nav.policyEdit')}</Link>}>
      {warnings.data && warnings.data.warnings.length > 0 && (
        <Panel title={t('policy.warnings')}>
          <ul className="stack">
            {warnings.data.warnings.map((warning) => (
              <li key={warning.kind + warning.what + (warning.day ?? '')}>
                <StateTag area="urgency" state={warning.urgency} /> {warning.text}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel>
        <form className="row ends" role="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            <span className="field-label">{t('policy.find')}</span>
            <input className="field" type="search" value={looked} onChange={(event) => put('q', event.target.value)} />
          </label>
          <label>
            <span className="field-label">{t('audit.decision')}</span>
            <select className="field" value={effect} onChange={(event) => put('effect', event.target.value)}>
              <option value="">–</option>
              {['permit', 'hold', 'forbid'].map((each) => (
                <option key={each} value={each}>
                  {word('effect', each)}
                </option>
              ))}
            </select>
          </label>
        </form>
      </Panel>
      <Shown of={policy}>
        {(data) => {
          const words = looked.toLowerCase().split(/\s+/).filter(Boolean);
          const shown = data.rules.filter((rule) => (!effect || rule.effect === effect) && words.every((each) => JSON.stringify(rule).toLowerCase().includes(each)));
          return (
            <Panel title={t('policy.rules', {shown: shown.length, all: data.rules.length})} aside={<span className="small">{t('policy.default')} <EffectTag effect={data.default} small /> <Mono title={data.digest}>{data.digest.slice(0, 16)}</Mono></span>}>
              {shown.length === 0 && <Nothing>{t('policy.none')}</Nothing>}
              <div className="scroll" tabIndex={0} role="region" aria-label={t('nav.policy')}>
                <table className="plain">
                  <tbody>
                    {shown.map((rule) => (
                      <tr key={rule.id}>
                        <td>
                          <span className={`rule-id effect-${rule.effect}`}>{rule.id}</span>
                        </td>
                        <td>
                          <EffectTag effect={rule.effect} small />
                        </td>
                        <td>
                          {rule.title?.[language] || rule.title?.en}
                          <span className="basis">{rule.basis?.join(' · ')}</span>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </Panel>
          );
        }}
      </Shown>
    </Page>
  );
}
