// Bars over categories, with the same numbers as a table for those who can't see the picture.
import {useEffect, useRef} from 'react';
import {useSettings, useWords} from '../shell/settings';
import type {Drawing} from './echarts';

export interface Series {
  name: string;
  colour: string;
  values: number[];
}

export function Bars({label, categories, series, height = 210}: {label: string; categories: string[]; series: Series[]; height?: number}) {
  const {mode} = useSettings();
  const {t} = useWords();
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  useEffect(() => {
    let gone = false;
    const draw = async () => {
      const {init} = await import('./echarts');
      if (gone || !place.current) return;
      drawing.current ??= init(place.current);
      const ink = mode === 'dark' ? '#b3bdc7' : '#46535f';
      const line = mode === 'dark' ? '#2b343d' : '#dde3e8';
      drawing.current.setOption(
        {
          animation: false,
          textStyle: {color: ink, fontFamily: 'inherit'},
          grid: {left: 8, right: 8, top: 30, bottom: 4, containLabel: true},
          legend: {top: 0, left: 0, itemWidth: 11, itemHeight: 11, textStyle: {color: ink}},
          // Drawn on the canvas: a tooltip of HTML would need inline styles.
          tooltip: {trigger: 'axis', renderMode: 'richText', backgroundColor: mode === 'dark' ? '#1e252d' : '#ffffff', textStyle: {color: ink}},
          xAxis: {type: 'category', data: categories, axisLine: {lineStyle: {color: line}}, axisTick: {show: false}, axisLabel: {color: ink}},
          yAxis: {type: 'value', minInterval: 1, axisLabel: {color: ink}, splitLine: {lineStyle: {color: line}}},
          series: series.map((one) => ({type: 'bar', stack: 'all', name: one.name, data: one.values, itemStyle: {color: one.colour}, barMaxWidth: 26})),
        },
        true,
      );
    };
    void draw();
    return () => {
      gone = true;
    };
  }, [categories, mode, series]);
  useEffect(() => {
    const resized = new ResizeObserver(() => drawing.current?.resize());
    if (place.current) resized.observe(place.current);
    return () => {
      resized.disconnect();
      drawing.current?.dispose();
      drawing.current = null;
    };
  }, []);
  return (
    <figure className="stack">
      <div ref={place} className="chart" style={{height}} role="img" aria-label={label} />
      <details>
        <summary className="small">{t('shell.asTable')}</summary>
        <div className="scroll" tabIndex={0} role="region" aria-label={label}>
          <table className="plain">
            <thead>
              <tr>
                <td />
                {series.map((one) => (
                  <th key={one.name} scope="col" className="number">
                    {one.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {categories.map((category, at) => (
                <tr key={category}>
                  <th scope="row">{category}</th>
                  {series.map((one) => (
                    <td key={one.name} className="number">
                      {one.values[at]}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
