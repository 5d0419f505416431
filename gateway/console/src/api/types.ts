// What the gateway answers, as far as the console shows it (gateway/api/openapi.yaml has the whole).

export type Effect = 'permit' | 'hold' | 'forbid';
export type Role = 'submitter' | 'data-owner' | 'policy-admin' | 'reviewer' | 'auditor' | 'operator';
export type Labels = Record<string, unknown>;
export interface Words {
  en?: string;
  'zh-Hans'?: string;
  'zh-Hant'?: string;
}

export interface Caller {
  user: string;
  tenant: string;
  roles: Role[];
  by?: string;
  session?: {id: string; provider: string; began: string; idle_until: string; until: string; csrf: string};
}

export interface Rule {
  id: string;
  effect: Effect;
  title?: string;
  basis?: string[];
  unknown?: string[];
}
export interface Verdict {
  decision: Effect;
  rules: Rule[];
  obligations: {name: string; parameters?: Record<string, string>}[];
  reason: string;
  region?: string;
  policy_digest?: string;
  decided?: string;
  decision_id?: string;
  review?: string;
  mechanism?: string;
  changes?: string[];
}
export interface Item {
  name: string;
  kind: string;
  digest?: string;
  bytes: number;
  labels: Labels;
}
export interface Crossing {
  id: string;
  job: string;
  from: string;
  to: string;
  item: Item;
  state: string;
  ours?: Verdict;
  theirs?: Verdict;
  facts?: Labels;
  exporter?: string;
  recipient?: string;
  purpose?: string;
  reason?: string;
  failure_class?: string;
  deleted?: string;
  booked?: string;
}
export interface JobSummary {
  id: string;
  name: string;
  state: string;
  created: string;
  ended?: string;
  user?: string;
  tenant?: string;
  project?: string;
  purpose?: string;
  region?: string;
  platform?: string;
  reason?: string;
  failure_class?: string;
  final?: boolean;
}
export interface Output {
  name: string;
  path?: string;
  url?: string;
  kind?: string;
  state: string;
  note?: string;
  digest?: string;
  bytes?: number;
  files?: {path: string; digest: string; bytes: number}[];
}
export interface Job extends JobSummary {
  attempt?: number;
  attempts?: {number: number; region: string; failure_class: string; reason: string; ended?: string}[];
  deadline?: string;
  task: Record<string, unknown>;
  verdict?: Verdict;
  history: {state: string; at: string; note?: string}[];
  crossings: Crossing[];
  waits_for?: string[];
  outputs: Output[];
  executors?: {exit_code: number; started?: string; ended?: string; reason?: string}[];
  notes?: string[];
}
export interface Logs {
  complete: boolean;
  executors: {exit_code: number; reason?: string; started?: string; ended?: string; stdout: string; stderr: string}[];
  notes?: string[];
}
export interface Candidate {
  region: string;
  platform?: string;
  reachable: boolean;
  unfit?: string;
  bytes_to_move?: number;
  accelerator?: string;
  accelerators?: number;
  wait_seconds?: number;
  cost?: string;
  currency?: string;
  lost?: string;
  verdict: Verdict;
  crossings: {from: string; to: string; item: string; kind: string; bytes?: number; preliminary?: boolean; verdict: Verdict}[];
}
export interface Explanation {
  decision: Effect;
  candidates: Candidate[];
  warnings?: string[];
}
export interface Submission {
  id: string;
  state: string;
  decision: Effect;
  warnings?: string[];
}

export interface Accelerator {
  kind: string;
  total: number;
  free?: number;
  per_job: number;
}
export interface Platform {
  name: string;
  kind: string;
  cpu_cores?: number;
  ram_bytes?: number;
  running?: number;
  waiting?: number;
  seen?: string;
  trouble?: string;
  nodes?: number;
  nodes_up?: number;
  cores_total?: number;
  cores_free?: number;
  ram_total_bytes?: number;
  ram_free_bytes?: number;
  wait_seconds?: number;
  accelerators?: Accelerator[];
  partitions?: string[];
  price?: {currency: string; core_hour?: string; ram_gb_hour?: string; accelerator_hour?: Record<string, string>};
}
export interface Link {
  lanes?: number;
  congestion_control?: string;
  round_trip_micros?: number;
  bytes_in: number;
  bytes_out: number;
  bytes_per_second_in: number;
  bytes_per_second_out: number;
  segments_again?: number;
  dials_failed?: number;
  transfers?: {crossing: string; direction: 'in' | 'out'; bytes_done: number; bytes_total: number}[];
}
export interface Peer {
  region: string;
  jurisdiction: string;
  up: boolean;
  why_down?: string;
  since?: string;
  policy_digest?: string;
  outbox?: number;
  gateway?: string;
  remote?: string;
  certificate_days_left?: number;
  platforms: Platform[];
  link?: Link;
}
export interface WitnessState {
  witness: string;
  cosigned_size: number;
  cosigned_at?: string;
  fresh: boolean;
  alarm?: string;
  held?: string;
  peer_log?: {log: string; size: number; cosigned_at?: string; alarm?: string};
}
export interface Witnesses {
  log_keys: string[];
  witness_key: string;
  witness_keys?: string[];
  witnesses: WitnessState[];
}
export interface PolicyWarning {
  kind: string;
  what: string;
  day?: string;
  days_left?: number;
  urgency: string;
  text: string;
}
export interface Status {
  region: string;
  jurisdiction: string;
  gateway: string;
  version: string;
  ready: boolean;
  not_ready?: string;
  started?: string;
  now?: string;
  policy: {name: string; digest: string};
  ledger: {entries: number; published: number};
  witnesses?: WitnessState[];
  jobs: Record<string, number>;
  reviews_open: number;
  peers_up: number;
  peers: number;
  reload_failed?: string;
  policy_warnings?: PolicyWarning[];
  counters_agree?: boolean;
  certificate_warnings?: {what: string; days_left: number; urgency: string; advice: string}[];
}
export interface RevocationList {
  used_for: string;
  issuer: string;
  next_update?: string;
  days_left: number;
  urgency: string;
  advice?: string;
}
export interface Demand {
  accelerator?: string;
  accelerators?: number;
  jobs: number;
  cores: number;
  oldest_seconds: number;
}
export interface Capacity {
  region: string;
  jurisdiction?: string;
  reachable: boolean;
  platforms: Platform[];
  demand?: Demand[];
}
export interface ComputeOffer {
  id: string;
  region: string;
  platform: string;
  accelerator?: string;
  count: number;
  taken: number;
  from: string;
  until?: string;
  price_hour?: string;
  currency?: string;
  note?: string;
}
export interface TenantUse {
  id: string;
  configured: boolean;
  name?: string;
  operator?: boolean;
  facts?: Labels;
  jobs: {open: number; further: number};
  running: {runs: number; cores: number; accelerators: number; cores_at_once?: number; accelerators_at_once?: number};
  money: {spent_cny: string; cap_cny?: string};
  bytes_per_second_max?: number;
  uploads: {count: number; bytes: number; quota_bytes?: number};
}
export interface Tenants {
  region: string;
  month: string;
  jobs: {open: number; most: number};
  requests: {per_second: number; burst: number};
  tenants: TenantUse[];
}
export interface Certificate {
  used_for: string;
  subject: string;
  issuer?: string;
  not_after?: string;
  days_left: number;
  urgency: string;
  advice?: string;
}
export interface Dataset {
  id: string;
  title?: string;
  description?: string;
  licence?: string;
  region: string;
  owner: string;
  registered?: string;
  labels: Labels;
  digest?: string;
  bytes?: number;
  files?: number;
  version?: number;
  access?: 'open' | 'request';
  derived_from?: string[];
  retired?: boolean;
}
export type AccessState = 'asked' | 'granted' | 'refused' | 'withdrawn' | 'revoked';
export interface AccessRequest {
  id: string;
  dataset: string;
  state: AccessState;
  in_force: boolean;
  tenant: string;
  user?: string;
  region: string;
  purpose: string;
  reason?: string;
  asked?: string;
  until?: string;
  answered_by?: string;
  answer?: string;
  answered?: string;
}
export interface ProjectSide {
  region: string;
  owner: string;
  state: 'invited' | 'accepted' | 'declined' | 'closed';
  members: string[];
  budget_cny: string;
  promised_cny: string;
  spent_cny: string;
  datasets: {dataset: string; until?: string}[];
  changed_by?: string;
  changed?: string;
  reason?: string;
}
export interface Project {
  id: string;
  state: 'invited' | 'open' | 'declined' | 'closed';
  title?: string;
  purpose?: string;
  begun_in: string;
  begun?: string;
  budget_cny: string;
  used_cny: string;
  datasets: string[];
  sides: ProjectSide[];
}
export interface Finding {
  kind: string;
  count: number;
  path?: string;
  confidence?: string;
  offsets?: number[];
  excerpts?: string[];
}
export interface Evidence {
  verdict: string;
  bytes?: number;
  coverage?: Record<string, unknown>;
  findings: Finding[];
}
export interface Review {
  id: string;
  state: string;
  opened: string;
  expires?: string;
  reviewers?: number;
  approvals?: string[];
  answered?: string;
  answered_by?: string;
  reason?: string;
  tenant?: string;
  crossing?: Crossing;
  evidence?: Evidence;
}
export interface Entry {
  sequence: number;
  kind: string;
  time: string;
  time_local?: string;
  region?: string;
  [name: string]: unknown;
}
export interface Booked {
  region: string;
  sequence: number;
  time: string;
  item_digest: string;
  item_bytes: number;
  text?: string;
  proof?: string;
}
export interface Mismatch {
  finding: string;
  crossing: string;
  job: string;
  departed: Booked | null;
  arrived: Booked | null;
  detail?: string;
}
export interface ReconciledPeer {
  region: string;
  complete?: boolean;
  agree: boolean;
  matched: number;
  under_way: number;
  recalled?: number;
  bytes?: number;
  our_entries?: number;
  their_entries?: number;
  complete_at?: string;
  trouble?: string;
  mismatches: Mismatch[];
}
export interface Proof {
  entry: Entry;
  text: string;
  proof: {index: number; hashes: string[]; checkpoint: string; tlog_proof: string};
}

export interface LedgerPerson {
  name: string;
  state: 'active' | 'restricted' | 'erased';
  commitment: string;
  hold?: string;
  same_as?: string[];
  first_seen?: string;
  last_seen?: string;
  kept_until?: string;
  tenant?: string;
  user?: string;
}

export interface PackRef {
  digest: string;
  name: string;
  version?: string;
  edition?: number;
  signer?: string;
  shadow?: boolean;
}
export interface LintFinding {
  severity: 'warning' | 'note';
  code: string;
  rule: string;
  file: string;
  line: number;
  column: number;
  message: string;
  hint?: string;
}
export interface DiffCase {
  when: Record<string, unknown>;
  whole: boolean;
  from: Effect;
  to: Effect;
  example: Record<string, unknown>;
  decisions?: number;
  from_obligations?: unknown[];
  to_obligations?: unknown[];
}
export interface PolicyReport {
  pack: PackRef;
  base: string;
  tests: {passed: number; failed: number; failures?: {id: string; title: string; file: string; line: number; message?: string}[]; untested?: string[]; [name: string]: unknown};
  lint: {findings: LintFinding[]};
  diff: {changed: boolean; cases: DiffCase[]; cases_total: number; gave_up: boolean};
  diff_digest: string;
  summary: string;
  history: {decisions: number; replayable: number};
}
export interface Proposal {
  id: string;
  state: string;
  pack: PackRef;
  base: string;
  diff_digest: string;
  summary: string;
  tests: {passed: number; failed: number};
  warnings?: number;
  proposed_by: string;
  proposed: string;
  reason?: string;
  answered_by?: string;
  answered?: string;
  answer?: string;
  report?: PolicyReport;
}
export interface Activation {
  number: number;
  pack: PackRef;
  at: string;
  by: string;
  proposal?: string;
  approved_by?: string;
  replaced?: string;
  reason?: string;
  rollback?: boolean;
  ledger_sequence: number;
}
export interface History {
  active: string;
  shadow?: PackRef;
  edition_highest: number;
  activations: Activation[];
  proposals: Proposal[];
}
export interface OutcomeChanges {
  changed: number;
  same: number;
  changes: {from: Effect; to: Effect; count: number; rules_before?: Record<string, number>; rules_after?: Record<string, number>; examples?: Record<string, unknown>[]}[];
}
export interface Shadow extends OutcomeChanges {
  running: boolean;
  pack?: PackRef;
  since?: string;
  decisions: number;
}
export interface Simulation {
  pack: PackRef;
  since: string;
  until: string;
  coverage: {decisions: number; replayable: number; not_replayable?: Record<string, number>};
  recorded_counters: OutcomeChanges;
  recomputed_counters: OutcomeChanges;
  counters: {counter: string; recorded: unknown; recomputed: unknown}[];
}
export interface ActivePolicy {
  name: string;
  version?: string;
  digest: string;
  edition?: number;
  signer?: string;
  signers?: string[];
  shadow?: PackRef;
  default: Effect;
  rules: {id: string; effect: Effect; title?: Words; basis?: string[]}[];
}
export interface Counter {
  tenant: string;
  year: number;
  ordinary: number;
  sensitive: number;
  bytes: number;
  jobs: number;
  thresholds?: {attribute: string; threshold: number; left: number; rule: string; effect: Effect}[];
}
export interface Mechanism {
  id: string;
  kind: string;
  exporter: string;
  recipient: string;
  status: string;
  from?: string;
  until?: string;
  datasets?: string[];
  withdrawn?: boolean;
  days_left?: number;
  registered_by?: string;
}
export interface UsageTotal {
  tenant: string;
  project?: string;
  region: string;
  jobs: number;
  seconds: number;
  core_seconds: number;
  accelerator_seconds: number;
  bytes_in: number;
  bytes_out: number;
  cost?: string;
  currency?: string;
}
