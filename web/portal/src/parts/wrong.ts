/** After a form was looked at in vain: the focus goes to the first field that is wrong, once that is drawn. */
export function focusWrong(form: EventTarget): void {
  if (!(form instanceof HTMLElement)) return;
  setTimeout(() => form.querySelector<HTMLElement>('[aria-invalid="true"], [data-wrong="true"] input, [data-wrong="true"] select')?.focus());
}
