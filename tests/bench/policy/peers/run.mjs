// Gives the benchmark's rules and requests to Cedar and to a CEL engine, measures each decision, and compares
// every answer (decision and deciding rules) with ours. A line on standard output for each figure: NAME VALUE.
//
// Usage: node run.mjs FOLDER SIZE…, where FOLDER has rules-SIZE.json and requests-SIZE.json.
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {parse} from '@marcbachmann/cel-js'

const cedar = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs')
const [folder, ...sizes] = process.argv.slice(2)
const quote = text => JSON.stringify(text)
const field = attribute => attribute.replaceAll('.', '_')

// How each engine writes a test of one attribute.
const asCedar = {
  eq: (a, v) => `${a} == ${literal(v)}`,
  in: (a, v) => `[${v.map(quote)}].contains(${a})`,
  not_in: (a, v) => `!([${v.map(quote)}].contains(${a}))`,
  gte: (a, v) => `${a} >= ${v}`,
  lt: (a, v) => `${a} < ${v}`,
  contains: (a, v) => `${a}.contains(${quote(v)})`
}
const asCel = {
  eq: (a, v) => `${a} == ${literal(v)}`,
  in: (a, v) => `${a} in [${v.map(quote)}]`,
  not_in: (a, v) => `!(${a} in [${v.map(quote)}])`,
  gte: (a, v) => `${a} >= ${v}`,
  lt: (a, v) => `${a} < ${v}`,
  contains: (a, v) => `${quote(v)} in ${a}`
}
function literal(value) {
  return typeof value === 'string' ? quote(value) : String(value)
}
const condition = (rule, words, prefix) =>
  rule.tests.map(t => words[t.op](prefix + field(t.attribute), t.value)).join(' && ')

// Forbid beats hold beats permit; nothing: hold, the pack's default. Rules as the pack orders them.
function combine(matching, effects) {
  const of = effect => matching.filter(id => effects.get(id) === effect)
  for (const effect of ['forbid', 'hold', 'permit']) {
    const rules = of(effect)
    if (rules.length > 0) return {effect, rules}
  }
  return {effect: 'hold', rules: []}
}

function cedarEngine(rules, size) {
  const effects = new Map(rules.map(r => [r.id, r.effect]))
  const policies = {}
  // Cedar knows no hold: it is a permit that the host reads as a hold.
  for (const r of rules) {
    const head = r.effect === 'forbid' ? 'forbid' : 'permit'
    policies[r.id] = `${head}(principal, action, resource) when { ${condition(r, asCedar, 'context.')} };`
  }
  const start = performance.now()
  const parsed = cedar.preparsePolicySet(size, {staticPolicies: policies, templates: {}, templateLinks: []})
  const load = performance.now() - start
  if (parsed.type !== 'success') throw new Error(`cedar: ${JSON.stringify(parsed.errors[0])}`)
  const prepare = request => {
    const context = {}
    for (const [name, value] of Object.entries(request)) context[field(name)] = value
    const entity = type => ({type, id: 'x'})
    return {
      principal: entity('User'), action: entity('Action'), resource: entity('Item'), context,
      preparsedPolicySetId: size, entities: []
    }
  }
  const decide = call => {
    const answer = cedar.statefulIsAuthorized(call)
    if (answer.type !== 'success') throw new Error(`cedar: ${JSON.stringify(answer.errors[0])}`)
    return answer.response.diagnostics.reason
  }
  return {load, prepare, decide, effects}
}

function celEngine(rules) {
  const effects = new Map(rules.map(r => [r.id, r.effect]))
  const start = performance.now()
  const programs = rules.map(r => [r.id, parse(condition(r, asCel, ''))])
  const load = performance.now() - start
  const prepare = request => {
    const context = {}
    for (const [name, value] of Object.entries(request))
      context[field(name)] = typeof value === 'number' ? BigInt(value) : value
    return context
  }
  const decide = context => {
    const matching = []
    for (const [id, program] of programs) if (program(context) === true) matching.push(id)
    return matching
  }
  return {load, prepare, decide, effects}
}

function measure(name, engine, requests, size) {
  const times = []
  for (let i = 0; i < 20; ++i) engine.decide(engine.prepare(requests[i].request)) // warm
  for (const {request, effect, rules} of requests) {
    const prepared = engine.prepare(request)
    const start = performance.now()
    const matching = engine.decide(prepared)
    times.push(performance.now() - start)
    const mine = combine(matching, engine.effects)
    const same = mine.effect === effect && mine.rules.length === rules.length && mine.rules.every(r => rules.includes(r))
    if (!same) {
      console.error(`peers: ${name} says ${JSON.stringify(mine)}, we say ${effect} ${rules}, of ${JSON.stringify(request)}`)
      process.exit(1)
    }
  }
  times.sort((a, b) => a - b)
  const at = share => times[Math.min(times.length - 1, Math.floor(times.length * share))] * 1e3
  console.log(`${name}/decide/${size} ${at(0.5)}`)
  console.log(`${name}/decide-p99/${size} ${at(0.99)}`)
  console.log(`${name}/load/${size} ${engine.load / 1e3}`)
  console.error(`peers: ${name}, ${size} rules: ${times.length} answers agree`)
}

for (const size of sizes) {
  const rules = JSON.parse(readFileSync(`${folder}/rules-${size}.json`, 'utf8'))
  const requests = JSON.parse(readFileSync(`${folder}/requests-${size}.json`, 'utf8'))
  measure('cedar', cedarEngine(rules, size), requests, size)
  measure('cel', celEngine(rules), requests, size)
}
