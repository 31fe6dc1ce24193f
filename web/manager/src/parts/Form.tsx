/** Form parts that show what the API says of a field at that field. */
import Alert from "@cloudscape-design/components/alert";
import DatePicker from "@cloudscape-design/components/date-picker";
import FormField from "@cloudscape-design/components/form-field";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import Toggle from "@cloudscape-design/components/toggle";
import { createContext, type FormEvent, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { type Field, Problem } from "@shared/problem";
import { minorDigits } from "@shared/shown";
import { config } from "../config";
import { wordsOf } from "../words";

type Errors = { fields: readonly Field[]; shown: Set<string> };

const Context = createContext<Errors>({ fields: [], shown: new Set() });

type FormProps = {
  /** What a mutation failed with, or null. */
  failure?: unknown;
  /** Problems that are known before anything is sent (of a draft). */
  fields?: readonly Field[];
  onSubmit?: () => void;
  children: ReactNode;
};

/** Fields inside show their own errors; what belongs to none of them is said above. */
export function Form({ failure, fields = [], onSubmit, children }: FormProps) {
  const told = failure instanceof Problem ? failure.fields : [];
  const errors: Errors = { fields: [...told, ...fields], shown: new Set() };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <form onSubmit={submit} noValidate>
      <Context.Provider value={errors}>
        <SpaceBetween size="l">
          {children}
          <Rest failure={failure} errors={errors} />
        </SpaceBetween>
      </Context.Provider>
    </form>
  );
}

/** What no field has shown: drawn after the fields. */
function Rest({ failure, errors }: { failure: unknown; errors: Errors }) {
  const [rest, setRest] = useState<readonly Field[]>([]);
  const left = errors.fields.filter((one) => ![...errors.shown].some((name) => belongs(one.field, name)));
  const key = JSON.stringify(left);
  useEffect(() => {
    const found = errors.fields.filter((one) => ![...errors.shown].some((name) => belongs(one.field, name)));
    setRest((before) => (JSON.stringify(before) === JSON.stringify(found) ? before : found));
  }, [key, failure]);
  const general = failure && !(failure instanceof Problem && failure.fields.length > 0);
  if (!general && rest.length === 0) return null;
  return (
    <Alert type="error">
      {general ? wordsOf(failure) : rest.map(({ field, detail }) => <div key={field + detail}>{field}: {detail}</div>)}
    </Alert>
  );
}

// "brand.accent" belongs to the field "brand.accent", and to "accent" of a form that is about the brand alone.
function belongs(told: string, own: string): boolean {
  const [field, name] = [dotted(told), dotted(own)];
  return field === name || field.endsWith(`.${name}`) || field.startsWith(`${name}.`);
}

// "levels[0].name" is "levels.0.name".
const dotted = (path: string): string => path.replaceAll(/\[(\w+)\]/g, ".$1");

/** What the API says of a field: for a part of a form that is none of those below. */
export function useFieldError(name: string): string {
  const errors = useContext(Context);
  errors.shown.add(name);
  return errors.fields.filter(({ field }) => belongs(field, name)).map(({ detail }) => sentence(detail)).join(" ");
}

const sentence = (detail: string) => detail.charAt(0).toUpperCase() + detail.slice(1) + (/[.!?]$/.test(detail) ? "" : ".");

type Common<Value> = {
  /** As the API names the field: "points", "brand.accent", "tiers.levels[0].name". */
  name: string;
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  hint?: ReactNode;
  /** A word under the field: what it means. */
  constraint?: ReactNode;
  disabled?: boolean;
  /** What the page itself knows to be wrong. */
  error?: string;
  stretch?: boolean;
};

/** A label, a hint and the errors around any control. */
export function FieldFrame({ name, label, hint, constraint, error, stretch, children }: Pick<Common<unknown>, "name" | "label" | "hint" | "constraint" | "error" | "stretch"> & { children: ReactNode }) {
  const told = useFieldError(name);
  return (
    <FormField label={label} description={hint} constraintText={constraint} errorText={error || told} stretch={stretch ?? false}>
      {children}
    </FormField>
  );
}

export function TextField({ value, onChange, disabled = false, type = "text", placeholder = "", ...frame }: Common<string> & { type?: InputProps.Type; placeholder?: string }) {
  return (
    <FieldFrame {...frame}>
      <Input value={value} type={type} placeholder={placeholder} disabled={disabled} onChange={({ detail }) => onChange(detail.value)} />
    </FieldFrame>
  );
}

export function AreaField({ value, onChange, disabled = false, rows = 3, placeholder = "", ...frame }: Common<string> & { rows?: number; placeholder?: string }) {
  return (
    <FieldFrame {...frame}>
      <Textarea value={value} rows={rows} placeholder={placeholder} disabled={disabled} onChange={({ detail }) => onChange(detail.value)} />
    </FieldFrame>
  );
}

/** A whole number; null while nothing is typed. */
export function NumberField({ value, onChange, disabled = false, suffix, ...frame }: Common<number | null> & { suffix?: string }) {
  return <Numeric value={value} onChange={onChange} disabled={disabled} frame={frame} digits={0} suffix={suffix} />;
}

/** An amount of the programme's currency, in minor units; typed as "12.50". */
export function MoneyField({ value, onChange, disabled = false, currency = config().currency, ...frame }: Common<number | null> & { currency?: string }) {
  return <Numeric value={value} onChange={onChange} disabled={disabled} frame={frame} digits={minorDigits(currency)} suffix={currency} />;
}

/** A number with decimals: a factor, a multiplier. `digits`: so many behind the point; the value is the number itself. */
export function DecimalField({ value, onChange, disabled = false, digits = 4, suffix, ...frame }: Common<number | null> & { digits?: number; suffix?: string }) {
  const shift = 10 ** digits;
  return (
    <Numeric
      value={value === null ? null : Math.round(value * shift)}
      onChange={(whole) => onChange(whole === null ? null : whole / shift)}
      disabled={disabled}
      frame={frame}
      digits={digits}
      suffix={suffix}
    />
  );
}

function Numeric({ value, onChange, disabled, frame, digits, suffix }: { value: number | null; onChange: (value: number | null) => void; disabled: boolean; frame: Omit<Common<number | null>, "value" | "onChange" | "disabled">; digits: number; suffix: string | undefined }) {
  const [typed, setTyped] = useState(() => spelled(value, digits));
  const last = useRef(value);
  const [unreadable, setUnreadable] = useState(false);
  useEffect(() => {
    // Somebody else than the person who types has changed it.
    if (value !== last.current) {
      last.current = value;
      setTyped(spelled(value, digits));
      setUnreadable(false);
    }
  }, [value]);
  const change = (text: string) => {
    setTyped(text);
    const read = readNumber(text, digits);
    setUnreadable(read === undefined);
    if (read === undefined) return;
    last.current = read;
    onChange(read);
  };
  const wrong = unreadable ? (digits ? `Write a number with at most ${digits} decimals.` : "Write a whole number.") : "";
  return (
    <FieldFrame {...frame} error={wrong || frame.error || ""}>
      <div className="with-unit">
        <Input value={typed} inputMode="decimal" disabled={disabled} onChange={({ detail }) => change(detail.value)} />
        {suffix && <span>{suffix}</span>}
      </div>
    </FieldFrame>
  );
}

function spelled(value: number | null, digits: number): string {
  if (value === null) return "";
  if (digits === 0) return String(value);
  // Two decimals of an amount stay; trailing zeros of a factor do not.
  const fixed = (value / 10 ** digits).toFixed(digits);
  return digits > 3 ? fixed.replace(/\.?0+$/, "") : fixed;
}

/** "1,250.5" as 125050 with two digits; null for nothing; undefined for what is no number. */
function readNumber(text: string, digits: number): number | null | undefined {
  const plain = text.replaceAll(/[\s,_]/g, "").replace("−", "-");
  if (!plain) return null;
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(plain);
  if (!match || (match[2]?.length ?? 0) > digits) return undefined;
  const whole = Number(match[1]!.replace("-", "") + (match[2] ?? "").padEnd(digits, "0")) * (plain.startsWith("-") ? -1 : 1);
  return Number.isSafeInteger(whole) ? whole : undefined;
}

type Option = { value: string; label: string; description?: string };

export function ChoiceField({ value, onChange, options, disabled = false, placeholder = "Choose", ...frame }: Common<string> & { options: readonly Option[]; placeholder?: string }) {
  return (
    <FieldFrame {...frame}>
      <Select
        selectedOption={options.find((option) => option.value === value) ?? null}
        options={options}
        placeholder={placeholder}
        disabled={disabled}
        expandToViewport
        onChange={({ detail }) => onChange(detail.selectedOption.value ?? "")}
      />
    </FieldFrame>
  );
}

export function ManyField({ value, onChange, options, disabled = false, placeholder = "Choose", ...frame }: Common<readonly string[]> & { options: readonly Option[]; placeholder?: string }) {
  return (
    <FieldFrame {...frame}>
      <Multiselect
        selectedOptions={value.map((code) => options.find((option) => option.value === code) ?? { value: code, label: code })}
        options={options}
        placeholder={placeholder}
        disabled={disabled}
        expandToViewport
        onChange={({ detail }) => onChange(detail.selectedOptions.map((option) => option.value ?? ""))}
      />
    </FieldFrame>
  );
}

export function ToggleField({ name, label, value, onChange, hint, disabled = false, error }: Common<boolean>) {
  const told = useFieldError(name);
  return (
    <FormField errorText={error || told}>
      <Toggle checked={value} disabled={disabled} description={hint} onChange={({ detail }) => onChange(detail.checked)}>{label}</Toggle>
    </FormField>
  );
}

/** A plain date, "2026-11-30"; "" while there is none. */
export function DateField({ value, onChange, disabled = false, ...frame }: Common<string>) {
  return (
    <FieldFrame {...frame}>
      <DatePicker value={value} disabled={disabled} placeholder="YYYY/MM/DD" onChange={({ detail }) => onChange(detail.value)} />
    </FieldFrame>
  );
}
