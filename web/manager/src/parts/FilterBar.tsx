/** The filters of a list, in a row. */
import Button from "@cloudscape-design/components/button";
import DatePicker from "@cloudscape-design/components/date-picker";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import FormField from "@cloudscape-design/components/form-field";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useState } from "react";
import { useFilters } from "./filters";

type Option = { value: string; label: string };

/** `choice`: one of the options, the first of which is "" for what is asked without it; `tabs`: the same, all in sight, in a
 * row of their own. */
export type Filter =
  | { key: string; label: string; kind: "tabs"; options: readonly Option[] }
  | { key: string; label: string; kind: "choice"; options: readonly Option[] }
  | { key: string; label: string; kind: "text"; placeholder?: string }
  | { key: string; label: string; kind: "date" };

const TYPING_MS = 350;
// So many options are looked for, not looked through.
const SEARCHED = 12;

export function FilterBar({ filters, onChange }: { filters: readonly Filter[]; onChange?: () => void }) {
  const [chosen, change] = useFilters();
  const set = (key: string, value: string) => (change({ [key]: value }), onChange?.());
  const some = filters.some(({ key, kind }) => kind !== "tabs" && chosen[key]);
  const tabs = filters.filter(({ kind }) => kind === "tabs");
  const bar = (
    <SpaceBetween direction="horizontal" size="s" alignItems="end">
      {filters.filter(({ kind }) => kind !== "tabs").map((filter) => (
        <FormField key={filter.key} label={filter.label}>
          <One filter={filter} value={chosen[filter.key] ?? ""} set={(value) => set(filter.key, value)} />
        </FormField>
      ))}
      {some && <Button variant="link" onClick={() => (change(Object.fromEntries(filters.flatMap(({ key, kind }) => (kind === "tabs" ? [] : [[key, undefined]])))), onChange?.())}>Clear</Button>}
    </SpaceBetween>
  );
  if (tabs.length === 0) return bar;
  return (
    <SpaceBetween size="m">
      {tabs.map((filter) => <One key={filter.key} filter={filter} value={chosen[filter.key] ?? ""} set={(value) => set(filter.key, value)} />)}
      {filters.length > tabs.length && bar}
    </SpaceBetween>
  );
}

function One({ filter, value, set }: { filter: Filter; value: string; set: (value: string) => void }) {
  if (filter.kind === "text") return <Typed value={value} set={set} placeholder={filter.placeholder ?? ""} />;
  if (filter.kind === "date") return <DatePicker value={value} onChange={({ detail }) => set(detail.value)} placeholder="YYYY/MM/DD" />;
  if (filter.kind === "tabs") {
    return (
      <div className="tabs" role="group" aria-label={filter.label}>
        {filter.options.map((option) => <button key={option.value} type="button" aria-pressed={option.value === value} onClick={() => set(option.value)}>{option.label}</button>)}
      </div>
    );
  }
  const selected = filter.options.find((option) => option.value === value) ?? filter.options[0] ?? null;
  return (
    <Select
      selectedOption={selected}
      options={filter.options}
      expandToViewport
      filteringType={filter.options.length > SEARCHED ? "auto" : "none"}
      filteringPlaceholder="Find one"
      onChange={({ detail }) => set(detail.selectedOption.value ?? "")}
    />
  );
}

/** Asked for once somebody stops typing. */
function Typed({ value, set, placeholder }: { value: string; set: (value: string) => void; placeholder: string }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => set(text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return <Input type="search" value={text} placeholder={placeholder} onChange={({ detail }) => setText(detail.value)} />;
}
