// What may stand in a job: a GA4GH TES 1.1 task with Hetao's reserved tags. For completion alone; the gateway judges.
import type {Suggestion} from '../ui/editor';
import {spotAt} from '../ui/yaml_path';
import {purposes} from './purposes';

export interface Known {
  datasets: string[];
  regions: string[];
  accelerators: string[];
}

export const outputKinds = ['result', 'aggregate', 'model', 'dataset', 'logs'];

const keys: Record<string, Record<string, string>> = {
  '': {
    name: 'text', description: 'text', executors: 'list', inputs: 'list', outputs: 'list', resources: 'map', tags: 'map', volumes: 'list',
  },
  executors: {image: 'registry/name:tag', command: '[program, argument]', workdir: '/path', stdin: '/path', stdout: '/path', stderr: '/path', env: 'map', ignore_error: 'true|false'},
  inputs: {url: 'dataset:ID, file://, s3://, https://', content: 'text', path: '/path', name: 'text', description: 'text', type: 'FILE|DIRECTORY'},
  outputs: {path: '/path', url: 'result:NAME', type: 'FILE|DIRECTORY', name: 'text', description: 'text', path_prefix: '/path'},
  resources: {cpu_cores: 'number', ram_gb: 'number', disk_gb: 'number', preemptible: 'true|false', zones: '[region]', backend_parameters: 'map', backend_parameters_strict: 'true|false'},
  backend_parameters: {accelerator: 'kind', accelerators: '"number"', wall_time: '"2h"'},
  tags: {purpose: 'word', project: 'name', recipient: 'tenant'},
};

export function valuesOf(path: string[], key: string, known: Known): string[] {
  const area = path.at(-1) ?? '';
  if (area === 'tags' && key === 'purpose') return purposes;
  if (area === 'tags' && key.startsWith('output:')) return outputKinds;
  if (area === 'inputs' && key === 'url') return known.datasets.map((id) => `dataset:${id}`);
  if (key === 'type') return ['FILE', 'DIRECTORY'];
  if (area === 'backend_parameters' && key === 'accelerator') return known.accelerators;
  if (area === 'resources' && key === 'zones') return known.regions;
  if (area === 'zones') return known.regions;
  return [];
}

export function suggestJob(text: string, at: number, known: Known): {from: number; options: Suggestion[]} {
  const spot = spotAt(text, at);
  if (spot.key) {
    return {from: spot.from, options: valuesOf(spot.path, spot.key, known).map((label) => ({label}))};
  }
  const area = spot.path.at(-1) ?? '';
  const values = valuesOf(spot.path, '', known);
  if (values.length > 0) return {from: spot.from, options: values.map((label) => ({label}))};
  return {from: spot.from, options: Object.entries(keys[area] ?? {}).map(([label, detail]) => ({label, detail, apply: `${label}: `}))};
}
