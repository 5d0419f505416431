// Rows under headings, in a box that scrolls by itself when the page is narrow. Every list of the console is one.
import type {ReactNode} from 'react';
import {Nothing} from './parts';

export interface Column<Row> {
  head: ReactNode;
  cell: (row: Row, at: number) => ReactNode;
  number?: boolean; // figures, one below the other
}

interface Props<Row> {
  label: string;
  rows: Row[];
  columns: (Column<Row> | false)[];
  keyOf: (row: Row, at: number) => string | number;
  none: ReactNode; // what is said instead of no rows
}

export function Table<Row>({label, rows, columns, keyOf, none}: Props<Row>) {
  if (rows.length === 0) return <Nothing>{none}</Nothing>;
  const shown = columns.filter((column): column is Column<Row> => column !== false);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="plain">
        <thead>
          <tr>
            {shown.map((column, at) => (
              <th key={at} scope="col" className={column.number ? 'number' : undefined}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={keyOf(row, at)}>
              {shown.map((column, nth) => (
                <td key={nth} className={column.number ? 'number' : undefined}>
                  {column.cell(row, at)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
