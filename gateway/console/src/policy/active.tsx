// The policy in force: its rules, in the reader's language, and what will change by itself.
import {useQuery} from '@tanstack/react-query';
import {Link} from 'wouter';
import {get} from '../api/client';
import type {PolicyWarning} from '../api/types';
import {useAddress} from '../shell/address';
import {useSession} from '../shell/session';
import {useSettings, useWords} from '../shell/settings';
import {Field, Pick} from '../ui/fields';
import {EffectTag, Mono, Page, Panel, Shown} from '../ui/parts';
import {Table} from '../ui/table';
import {usePolicy} from '../ui/verdict';
import {WarningLine} from './warning';

export default function Policy() {
  const {t} = useWords();
  const {language} = useSettings();
  const {has} = useSession();
  const policy = usePolicy();
  const {at, put} = useAddress();
  const looked = at('q');
  const effect = at('effect');
  const warnings = useQuery({queryKey: ['policy', 'warnings'], queryFn: ({signal}) => get<{warnings: PolicyWarning[]}>('/api/v1/policy/warnings', signal), enabled: has('policy-admin', 'reviewer', 'auditor', 'operator')});
  return (
    <Page title={t('nav.policy')} lead={policy.data && `${policy.data.name} ${policy.data.version ?? ''}`} aside={has('policy-admin') && <Link href="/policy/edit" className="button">{t('nav.policyEdit')}</Link>}>
      {warnings.data && warnings.data.warnings.length > 0 && (
        <Panel title={t('policy.warnings')}>
          <ul className="stack">
            {warnings.data.warnings.map((warning) => (
              <WarningLine key={warning.kind + warning.what + (warning.day ?? '')} warning={warning} />
            ))}
          </ul>
        </Panel>
      )}
      <Panel>
        <form className="row ends" role="search" onSubmit={(event) => event.preventDefault()}>
          <Field label={t('policy.find')} type="search" value={looked} put={(value) => put('q', value)} />
          <Pick label={t('audit.decision')} area="effect" options={['permit', 'hold', 'forbid']} any="–" value={effect} put={(value) => put('effect', value)} />
        </form>
      </Panel>
      <Shown of={policy}>
        {(data) => {
          const words = looked.toLowerCase().split(/\s+/).filter(Boolean);
          const shown = data.rules.filter((rule) => (!effect || rule.effect === effect) && words.every((each) => JSON.stringify(rule).toLowerCase().includes(each)));
          return (
            <Panel title={t('policy.rules', {shown: shown.length, all: data.rules.length})} aside={<span className="small">{t('policy.default')} <EffectTag effect={data.default} small /> <Mono title={data.digest}>{data.digest.slice(0, 16)}</Mono></span>}>
              <Table
                label={t('nav.policy')}
                rows={shown}
                keyOf={(rule) => rule.id}
                none={t('policy.none')}
                columns={[
                  {head: t('policy.rule'), cell: (rule) => <span className={`rule-id effect-${rule.effect}`}>{rule.id}</span>},
                  {head: t('audit.decision'), cell: (rule) => <EffectTag effect={rule.effect} small />},
                  {
                    head: t('policy.says'),
                    cell: (rule) => (
                      <>
                        {rule.title?.[language] || rule.title?.en}
                        <span className="basis">{rule.basis?.join(' · ')}</span>
                      </>
                    ),
                  },
                ]}
              />
            </Panel>
          );
        }}
      </Shown>
    </Page>
  );
}
