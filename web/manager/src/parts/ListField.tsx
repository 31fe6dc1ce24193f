/** Several short texts, a line for each. Empty lines are nothing. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { AreaField } from "./Form";

type Props = { name: string; label: string; value: readonly string[]; onChange: (value: string[]) => void; disabled?: boolean; constraint?: ReactNode; rows?: number };

export function ListField({ value, onChange, ...frame }: Props) {
  const [typed, setTyped] = useState(() => value.join("\n"));
  const last = useRef(JSON.stringify(value));
  useEffect(() => {
    // Somebody else than the person who types has changed it.
    if (JSON.stringify(value) === last.current) return;
    last.current = JSON.stringify(value);
    setTyped(value.join("\n"));
  }, [value]);
  const change = (text: string) => {
    setTyped(text);
    const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
    last.current = JSON.stringify(lines);
    onChange(lines);
  };
  return <AreaField {...frame} value={typed} onChange={change} />;
}
