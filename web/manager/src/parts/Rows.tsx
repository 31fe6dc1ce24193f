/** A short list inside a form: a row for each entry, one more below, each can go. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useEffect, useRef, useState } from "react";

type Props<Row> = {
  rows: readonly Row[];
  onChange: (rows: Row[]) => void;
  draw: (row: Row, change: (next: Row) => void, index: number) => ReactNode;
  fresh: () => Row;
  add: string;
  /** "Remove rate 2" for who cannot see it. */
  noun: string;
  disabled: boolean;
  empty: string;
};

export function Rows<Row>({ rows, onChange, draw, fresh, add, noun, disabled, empty }: Props<Row>) {
  return (
    <SpaceBetween size="s">
      {rows.length === 0 && <Box color="text-body-secondary">{empty}</Box>}
      {rows.map((row, index) => (
        <div key={index} className="row">
          {draw(row, (next) => onChange(rows.map((one, at) => (at === index ? next : one))), index)}
          {!disabled && <span><Button iconName="remove" variant="icon" formAction="none" ariaLabel={`Remove ${noun} ${index + 1}`} onClick={() => onChange(rows.filter((_, at) => at !== index))} /></span>}
        </div>
      ))}
      {!disabled && <Button iconName="add-plus" formAction="none" onClick={() => onChange([...rows, fresh()])}>{add}</Button>}
    </SpaceBetween>
  );
}

export type Entry<Value> = readonly [key: string, value: Value];

/** An object as rows by key. While a key is typed that another row has, both rows stay; the last one counts. */
export function MapRows<Value>({ value, onChange, ...rest }: Omit<Props<Entry<Value>>, "rows" | "onChange"> & { value: Record<string, Value>; onChange: (value: Record<string, Value>) => void }) {
  const [rows, setRows] = useState<readonly Entry<Value>[]>(() => Object.entries(value));
  const last = useRef(JSON.stringify(value));
  useEffect(() => {
    // Somebody else than the person who types has changed it.
    if (JSON.stringify(value) === last.current) return;
    last.current = JSON.stringify(value);
    setRows(Object.entries(value));
  }, [value]);
  const change = (next: Entry<Value>[]) => {
    setRows(next);
    const map = Object.fromEntries(next) as Record<string, Value>;
    last.current = JSON.stringify(map);
    onChange(map);
  };
  return <Rows<Entry<Value>> {...rest} rows={rows} onChange={change} />;
}
