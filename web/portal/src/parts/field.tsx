/** A labelled field; what is wrong with it stands under it, where it is read out. */
import { type InputHTMLAttributes, useId } from "react";

type Props = Omit<InputHTMLAttributes<HTMLInputElement>, "id"> & { label: string; wrong?: string | undefined; hint?: string | undefined };

export function Field({ label, wrong, hint, ...input }: Props) {
  const id = useId();
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input {...input} id={id} aria-invalid={!!wrong} aria-describedby={described} />
      {hint && <span id={`${id}-hint`} className="small muted">{hint}</span>}
      {wrong && <span id={`${id}-wrong`} className="wrong small">{wrong}</span>}
    </div>
  );
}
