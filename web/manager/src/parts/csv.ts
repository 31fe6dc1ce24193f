/** Rows as a CSV file on the person's own disk. */

/** RFC 4180, with what spreadsheets would take for a formula made text. */
export function csvOf(rows: readonly (readonly (string | number | null | undefined)[])[]): string {
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const safe = /^\s*[=+\-@]|^[\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function save(name: string, content: string | Blob, type = "text/csv;charset=utf-8"): void {
  // Without the mark spreadsheets read UTF-8 as something older.
  const address = URL.createObjectURL(typeof content === "string" ? new Blob(["\uFEFF", content], { type }) : content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
