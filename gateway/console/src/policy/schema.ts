// What may stand in a policy pack, for completion alone (policy-language's attributes and operators); the gateway's lint
// says what is right.
import type {Suggestion} from '../ui/editor';
import {spotAt} from '../ui/yaml_path';

const enums: Record<string, string[]> = {
  action: ['cross', 'place'],
  'crossing.from': ['CN', 'HK', 'MO'],
  'crossing.to': ['CN', 'HK', 'MO'],
  'exporter.status': ['ordinary', 'ciio', 'state-organ'],
  'submitter.kind': ['university', 'enterprise', 'sme', 'government'],
  'item.kind': ['dataset', 'code', 'image', 'model', 'aggregate', 'result', 'logs', 'remote-access'],
  purpose: ['research', 'teaching', 'commercial', 'hr-management', 'contract-performance', 'emergency', 'statutory-duty', 'foreign-judicial'],
  'data.grade': ['public', 'general', 'important', 'core', 'state-secret'],
  'data.personal': ['none', 'anonymised', 'ordinary', 'sensitive'],
  'data.personal_kinds': ['health', 'biometric', 'genomic', 'financial', 'location', 'minor-u14'],
  'data.collected_in': ['mainland', 'hongkong', 'overseas-transit'],
  'consent.basis': ['consent', 'contract', 'hr', 'emergency', 'statutory'],
  impact_assessment: ['done', 'missing', 'stale'],
  'mechanism.kind': ['none', 'gba-sc', 'cac-sc', 'security-assessment', 'certification', 'hk-rmc'],
  'mechanism.status': ['effective', 'not-effective', 'pending', 'out-of-scope', 'unfiled-within-10wd', 'unfiled-after-10wd'],
  'hk.use': ['same-purpose', 'new-purpose-no-consent', 's62-research'],
  'inspection.verdict': ['clean', 'identifiers', 'secret-mark', 'incomplete', 'not-run'],
  'link.crypto': ['gm', 'international'],
  'zone.list': ['listed-as-exempt', 'unverified'],
};
const typed: Record<string, string> = {
  'crossing.from_region': 'region', 'crossing.to_region': 'region', 'exporter.registered_in': 'place', 'recipient.registered_in': 'place', 'recipient.final_destination': 'place',
  'recipient.outside_gba': 'boolean', 'recipient.listed': 'boolean', 'recipient.white_listed': 'boolean', 'exporter.tenant': 'text', 'recipient.tenant': 'text', 'submitter.user': 'text', project: 'text',
  'item.bytes': 'number', 'data.subjects_ordinary': 'number', 'data.subjects_sensitive': 'number', 'data.sectors': 'set', 'data.tags': 'set', 'subjects.year_ordinary': 'counter', 'subjects.year_sensitive': 'counter',
  'consent.separate': 'boolean', 'consent.guardian': 'boolean', 'mechanism.days_left': 'number', 'genetic.data': 'boolean', 'genetic.recipient': 'word', 'genetic.subjects_wgs': 'number', 'genetic.filing': 'word',
  'hk.processor_control': 'boolean', 'inspection.findings': 'number', 'result.min_group': 'number', 'result.anonymity_assessed': 'boolean', 'compute.accelerator': 'text', 'compute.platform': 'text',
  'compute.control_class': 'text', 'compute.licensed': 'boolean', 'tenant.headquarters': 'text', 'tenant.restricted': 'boolean', 'transfer.split_suspected': 'boolean', 'time.date': 'date',
};
const attributes = [...Object.entries(enums).map(([name, values]) => [name, values.join(' | ')] as const), ...Object.entries(typed)].sort((a, b) => (a[0] < b[0] ? -1 : 1));
const operators = ['in', 'not_in', 'lt', 'lte', 'gt', 'gte', 'between', 'contains', 'contains_any', 'contains_all', 'contains_none', 'matches'];
const keys: Record<string, string[]> = {
  '': ['policy', 'version', 'default', 'title', 'note', 'parameters', 'attributes', 'rules', 'tests', 'shadow'],
  rules: ['id', 'effect', 'title', 'basis', 'note', 'when', 'unless', 'obligations', 'valid'],
  tests: ['id', 'title', 'request', 'decision', 'rule'],
  title: ['en', 'zh-Hans', 'zh-Hant'],
  valid: ['from', 'until'],
  obligations: ['inspect', 'no-network', 'delete-after', 'notify'],
};
const conditions = new Set(['when', 'unless', 'all', 'any', 'none', 'request']);

export function suggestPolicy(text: string, at: number): {from: number; options: Suggestion[]} {
  const spot = spotAt(text, at);
  const area = spot.path.at(-1) ?? '';
  const plain = (labels: string[]) => ({from: spot.from, options: labels.map((label) => ({label}))});
  if (spot.key === 'effect' || spot.key === 'decision' || spot.key === 'default') return plain(['permit', 'hold', 'forbid']);
  if (spot.key && enums[spot.key]) return plain(enums[spot.key] as string[]);
  if (operators.includes(spot.key) && enums[area]) return plain(enums[area] as string[]);
  if (spot.key) return plain([]);
  if (conditions.has(area)) {
    return {from: spot.from, options: [...attributes.map(([label, detail]) => ({label, detail, apply: `${label}: `})), ...(area === 'request' ? [] : ['all', 'any', 'none'].map((label) => ({label, apply: `${label}:`})))]};
  }
  if (area in enums || area in typed) return {from: spot.from, options: operators.map((label) => ({label, apply: `${label}: `}))};
  return {from: spot.from, options: (keys[area] ?? []).map((label) => ({label, apply: `${label}: `}))};
}
