/** Filters that live in the address: a list can be sent to a colleague as it is. */
import { useSearchParams } from "wouter";

export type Filters = Readonly<Record<string, string>>;

/** The filters as they are (absent: ""), and how to change some of them. */
export function useFilters(): [Filters, (changes: Record<string, string | undefined>) => void] {
  const [parameters, setParameters] = useSearchParams();
  const filters = Object.fromEntries(parameters);
  const change = (changes: Record<string, string | undefined>) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [key, value] of Object.entries(changes)) value ? after.set(key, value) : after.delete(key);
        return after;
      },
      { replace: true },
    );
  return [filters, change];
}
