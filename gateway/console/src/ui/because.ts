// Which rules are behind what somebody waits for, and what they are called in the reader's language.
import type {Effect, Job, Rule, Verdict, Words} from '../api/types';
import type {Language} from '../words';

// A rule's title by the policy that is known here. Nothing: another policy, or an older one, calls another rule by this id.
export function titleIn(language: Language, rule: Pick<Rule, 'id' | 'title'>, known: {id: string; title?: Words}[]): string {
  const words = known.find((one) => one.id === rule.id)?.title;
  if (!words || (rule.title && !Object.values(words).includes(rule.title))) return '';
  return words[language] || words.en || '';
}

// The known rules that the gateway's text names, as it names them: the id and the English title. Where all that is told of
// what the other side decided is such a text.
export function rulesNamed<Known extends {id: string; title?: Words}>(text: string, known: Known[]): Known[] {
  return known.filter(({id, title}) => title?.en && text.includes(`${id} ${title.en}`));
}

// Whether its text, if that names rules, is of a review: results that are held where it ran don't change its state.
export const waitsForReview = (job: Pick<Job, 'state'>) => job.state === 'held' || job.state === 'returning';

// A forbidding rule holds too, where it is not known whether it applies.
const deciding = (verdict: Verdict | undefined, effect: Effect): Rule[] => (verdict?.decision === effect ? verdict.rules.filter((rule) => rule.effect === effect || (effect === 'hold' && rule.effect === 'forbid')) : []);

// The rules by which a job is held, or was refused: those of its crossings; of the job itself where no crossing has any.
// Nothing: what is known of them here is the gateway's text alone.
export function rulesBehind(job: Pick<Job, 'state' | 'failure_class' | 'verdict' | 'crossings'>): Rule[] | undefined {
  const held = job.state === 'held';
  const refused = ['policy', 'review', 'hold-expired', 'refused'].includes(job.failure_class ?? '');
  if (!held && !refused) return undefined;
  const effects: Effect[] = held ? ['hold'] : ['forbid', 'hold'];
  for (const effect of effects) {
    const concerned = job.crossings.filter(({state}) => (held ? state === 'held' : state === 'refused' || state === 'expired'));
    const rules = [...concerned.flatMap(({ours, theirs}) => [...deciding(ours, effect), ...deciding(theirs, effect)]), ...(concerned.length === 0 ? deciding(job.verdict, effect) : [])];
    if (rules.length > 0) return rules.filter((rule, at) => rules.findIndex((other) => other.id === rule.id) === at);
  }
  return undefined;
}
