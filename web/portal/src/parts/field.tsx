/** A labelled field; what is wrong with it stands under it, where it is read out. `focused`: it is typed into next. */
import { type InputHTMLAttributes, useEffect, useId } from "react";

type Props = Omit<InputHTMLAttributes<HTMLInputElement>, "id"> & { label: string; wrong?: string | undefined; hint?: string | undefined; focused?: boolean };

export function Field({ label, wrong, hint, focused = false, ...input }: Props) {
  const id = useId();
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  useEffect(() => {
    if (focused) document.getElementById(id)?.focus();
  }, [focused]);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input {...input} id={id} aria-invalid={!!wrong} aria-describedby={described} />
      {hint && <span id={`${id}-hint`} className="small muted">{hint}</span>}
      {wrong && <span id={`${id}-wrong`} className="wrong small">{wrong}</span>}
    </div>
  );
}
