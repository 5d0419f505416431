// The form: the usual parts of a job. It changes single values of the YAML text and leaves the rest as it is.
import {Button} from '../ui/button';
import {useId} from 'react';
import type {Dataset} from '../api/types';
import {useWords} from '../shell/settings';
import {joinWords, splitWords} from './command';
import {purposes} from './purposes';
import {outputKinds, type Known} from './schema';
import {valueAt, withValue, type Path} from './task';
import {Upload} from './upload';

interface Props {
  text: string;
  task: Record<string, unknown>;
  change: (text: string) => void;
  known: Known;
  datasets: Dataset[];
}

const numberOf = (text: string) => (text === '' ? undefined : Number(text));

export default function JobForm({text, task, change, known, datasets}: Props) {
  const {t, word} = useWords();
  const base = useId();
  const put = (path: Path, value: unknown) => change(withValue(text, path, value === '' || value === null ? undefined : value));
  const textAt = (path: Path) => {
    const found = valueAt(task, path);
    return found === undefined || found === null ? '' : String(found);
  };
  const listAt = (name: string) => (Array.isArray(task[name]) ? (task[name] as Record<string, unknown>[]) : []);
  const field = (name: string) => `${base}-${name}`;
  const add = (name: string, value: unknown) => change(withValue(text, [name], [...listAt(name), value]));
  const remove = (name: string, at: number) => change(withValue(text, [name], listAt(name).filter((_, index) => index !== at)));
  const code = listAt('inputs').findIndex((input) => typeof input.content === 'string');
  const zones = (valueAt(task, ['resources', 'zones']) as string[] | undefined) ?? [];
  return (
    <>
      <fieldset>
        <legend>{t('form.what')}</legend>
        <label className="field-label" htmlFor={field('name')}>
          {t('jobs.name')}
        </label>
        <input className="field wide" id={field('name')} value={textAt(['name'])} onChange={(event) => put(['name'], event.target.value)} />
        <label className="field-label" htmlFor={field('image')}>
          {t('form.image')}
        </label>
        <input className="field wide" id={field('image')} value={textAt(['executors', 0, 'image'])} onChange={(event) => put(['executors', 0, 'image'], event.target.value)} />
        <label className="field-label" htmlFor={field('command')}>
          {t('form.command')}
        </label>
        <CommandField id={field('command')} value={joinWords(valueAt(task, ['executors', 0, 'command']))} change={(line) => put(['executors', 0, 'command'], splitWords(line))} />
        {code >= 0 && (
          <>
            <label className="field-label" htmlFor={field('code')}>
              {t('form.code')} {textAt(['inputs', code, 'path'])}
            </label>
            <textarea className="field wide code" id={field('code')} value={textAt(['inputs', code, 'content'])} rows={6} spellCheck={false} onChange={(event) => change(withValue(text, ['inputs', code, 'content'], event.target.value))} />
          </>
        )}
      </fieldset>
      <fieldset>
        <legend>{t('form.inputs')}</legend>
        {listAt('inputs').map(
          (input, at) =>
            at !== code && (
              <div key={at} className="inputs-row">
                <input className="field" list={field('datasets')} aria-label={t('form.url')} placeholder="dataset:ID" value={String(input.url ?? '')} onChange={(event) => put(['inputs', at, 'url'], event.target.value)} />
                <input className="field" aria-label={t('form.path')} placeholder="/data" value={String(input.path ?? '')} onChange={(event) => put(['inputs', at, 'path'], event.target.value)} />
                <Button onClick={() => remove('inputs', at)} label={t('form.remove', {name: String(input.url ?? at)})}>
                  <span aria-hidden="true">✕</span>
                </Button>
              </div>
            ),
        )}
        <datalist id={field('datasets')}>
          {datasets.map((dataset) => (
            <option key={dataset.id} value={`dataset:${dataset.id}`}>
              {dataset.title}
            </option>
          ))}
        </datalist>
        <p className="row">
          <Button size="small" onClick={() => add('inputs', {url: 'dataset:', path: '/data/input'})}>
            {t('form.addInput')}
          </Button>
          {code < 0 && (
            <Button size="small" onClick={() => add('inputs', {path: '/job/main.py', content: '# Python\n'})}>
              {t('form.addCode')}
            </Button>
          )}
        </p>
        <Upload use={(url, name) => add('inputs', {url, path: `/data/${name}`, type: 'FILE'})} />
      </fieldset>
      <fieldset>
        <legend>{t('form.outputs')}</legend>
        {listAt('outputs').map((output, at) => {
          const name = String(output.url ?? '').replace(/^result:/, '');
          const kind = textAt(['tags', `output:${name}`]);
          return (
            <div key={at} className="inputs-row">
              <input className="field" aria-label={t('form.path')} placeholder="/out/result.csv" value={String(output.path ?? '')} onChange={(event) => put(['outputs', at, 'path'], event.target.value)} />
              <input className="field" aria-label={t('job.result')} placeholder="result:NAME" value={String(output.url ?? '')} onChange={(event) => put(['outputs', at, 'url'], event.target.value)} />
              <span className="row">
                <select className="field" aria-label={t('job.kind')} value={kind} onChange={(event) => put(['tags', `output:${name}`], event.target.value)}>
                  <option value="">–</option>
                  {outputKinds.map((each) => (
                    <option key={each} value={each}>
                      {word('kind', each)}
                    </option>
                  ))}
                </select>
                <Button onClick={() => remove('outputs', at)} label={t('form.remove', {name: name || String(at)})}>
                  <span aria-hidden="true">✕</span>
                </Button>
              </span>
            </div>
          );
        })}
        <Button size="small" onClick={() => add('outputs', {path: '/out/result.csv', url: 'result:result.csv', type: 'FILE'})}>
          {t('form.addOutput')}
        </Button>
      </fieldset>
      <fieldset>
        <legend>{t('form.where')}</legend>
        <div className="pairs">
          <div>
            <label className="field-label" htmlFor={field('cores')}>
              {t('overview.cores')}
            </label>
            <input className="field wide" type="number" min={1} id={field('cores')} value={textAt(['resources', 'cpu_cores'])} onChange={(event) => put(['resources', 'cpu_cores'], numberOf(event.target.value))} />
          </div>
          <div>
            <label className="field-label" htmlFor={field('ram')}>
              {t('form.ram')}
            </label>
            <input className="field wide" type="number" min={0.1} step={0.1} id={field('ram')} value={textAt(['resources', 'ram_gb'])} onChange={(event) => put(['resources', 'ram_gb'], numberOf(event.target.value))} />
          </div>
          <div>
            <label className="field-label" htmlFor={field('accelerator')}>
              {t('form.accelerator')}
            </label>
            <input className="field wide" id={field('accelerator')} list={field('accelerators')} value={textAt(['resources', 'backend_parameters', 'accelerator'])} onChange={(event) => put(['resources', 'backend_parameters', 'accelerator'], event.target.value)} />
            <datalist id={field('accelerators')}>
              {known.accelerators.map((kind) => (
                <option key={kind} value={kind} />
              ))}
            </datalist>
          </div>
          <div>
            <label className="field-label" htmlFor={field('many')}>
              {t('form.accelerators')}
            </label>
            <input className="field wide" type="number" min={1} id={field('many')} value={textAt(['resources', 'backend_parameters', 'accelerators'])} onChange={(event) => put(['resources', 'backend_parameters', 'accelerators'], event.target.value)} />
          </div>
        </div>
        <p className="field-label" id={field('zones')}>
          {t('form.zones')}
        </p>
        <p className="row" role="group" aria-labelledby={field('zones')}>
          {known.regions.map((region) => (
            <label key={region} className="scope">
              <input
                type="checkbox"
                checked={zones.includes(region)}
                onChange={(event) => {
                  const next = event.target.checked ? [...zones, region] : zones.filter((each) => each !== region);
                  put(['resources', 'zones'], next.length > 0 ? next : undefined);
                }}
              />
              {word('region', region)}
            </label>
          ))}
          {zones.length === 0 && <span className="small">{t('form.anywhere')}</span>}
        </p>
      </fieldset>
      <fieldset>
        <legend>{t('form.why')}</legend>
        <div className="pairs">
          <div>
            <label className="field-label" htmlFor={field('purpose')}>
              {t('job.purpose')}
            </label>
            <select className="field wide" id={field('purpose')} value={textAt(['tags', 'purpose'])} onChange={(event) => put(['tags', 'purpose'], event.target.value)}>
              <option value="">–</option>
              {purposes.map((purpose) => (
                <option key={purpose} value={purpose}>
                  {word('purpose', purpose)}
                </option>
              ))}
            </select>
          </div>
          <div>
            <label className="field-label" htmlFor={field('project')}>
              {t('jobs.project')}
            </label>
            <input className="field wide" id={field('project')} value={textAt(['tags', 'project'])} onChange={(event) => put(['tags', 'project'], event.target.value)} />
          </div>
        </div>
      </fieldset>
    </>
  );
}

// Keeps what is typed, with its blanks and open quotes, until it means another command.
function CommandField({id, value, change}: {id: string; value: string; change: (line: string) => void}) {
  return <input className="field wide code" key={id} id={id} defaultValue={value} spellCheck={false} onChange={(event) => change(event.target.value)} />;
}
