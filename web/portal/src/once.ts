/**
 * The keys of effects that must not double: kept on this device until they are answered, so that the same request sent
 * again after a dropped connection, a reload or a crash is the same request.
 */
import { now } from "@shared/now";
import { Problem } from "@shared/problem";
import { uuid7 } from "@shared/uuid7";

type Kept = { key: string; request: string; at: number };

// The API takes a key for 48 hours.
const GOOD_FOR_MS = 40 * 3_600_000;

/** Do it under the request's key, and forget the key once it is certain what became of it. */
export async function once<Answer>(name: string, request: unknown, call: (key: string) => Promise<Answer>): Promise<Answer> {
  const kept = keyFor(name, JSON.stringify(request));
  try {
    const answer = await call(kept);
    localStorage.removeItem(stored(name));
    return answer;
  } catch (failure) {
    if (failure instanceof Problem && failure.certain) localStorage.removeItem(stored(name));
    throw failure;
  }
}

function keyFor(name: string, request: string): string {
  const known = read(name);
  if (known && known.request === request && now() - known.at < GOOD_FOR_MS) return known.key;
  const fresh: Kept = { key: uuid7(now()), request, at: now() };
  localStorage.setItem(stored(name), JSON.stringify(fresh));
  return fresh.key;
}

function read(name: string): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(stored(name)) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

const stored = (name: string) => `once ${name}`;
