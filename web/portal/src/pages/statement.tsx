/** Every movement of points, newest first, by kind and time; to read, to print and to keep. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { api, got } from "@shared/client";
import { now } from "@shared/now";
import { longDay } from "@shared/shown";
import { KeepStatement } from "../parts/keep-statement";
import { Movement } from "../parts/movement";
import { Page } from "../parts/page";
import { Failed, Loaded, Nothing } from "../parts/states";
import { useMe } from "../queries";
import { say } from "../words";

// What a member calls it → what the ledger calls it.
const KINDS = {
  earned: ["accrue", "mature", "repay"],
  used: ["hold", "settle", "release"],
  returned: ["release", "restore"],
  lapsed: ["expire"],
  given: ["transfer"],
  corrected: ["adjust", "reverse", "write_off"],
} as const;
type KindName = keyof typeof KINDS;
const NAMES = Object.keys(KINDS) as KindName[];
const PAGE = 30;

type Filter = { kind: KindName | null; from: string; to: string };

export default function Statement() {
  const me = useMe();
  const [filter, change] = useFilter();
  const moves = useMovements(filter);
  const filtered = filter.kind !== null || filter.from !== "" || filter.to !== "";
  return (
    <Page title={say("statement.title")} className="statement" lead={<p className="no-print"><Link href="/points">{say("statement.back")}</Link></p>}>
      {me.data && <p className="print-only">{say("statement.printed", { number: me.data.member_number, day: longDay(new Date(now()).toISOString()) })}</p>}
      <Filters filter={filter} change={change} filtered={filtered} />
      <Loaded
        query={moves}
        empty={(found) => found.length === 0}
        nothing={
          <Nothing title={say(filtered ? "statement.none_here" : "statement.none")}>
            {filtered ? <button type="button" className="button quiet" onClick={() => change(EVERYTHING)}>{say("statement.all")}</button> : <p>{say("points.none_how")}</p>}
          </Nothing>
        }
      >
        {(found) => (
          <section aria-label={say("statement.movements")} aria-busy={moves.isFetching}>
            <ol className="rows moves">{found.map((line) => <Movement key={line.sequence} line={line} />)}</ol>
            {moves.isFetchNextPageError && <Failed error={moves.error} />}
            {moves.hasNextPage && (
              <p className="actions more">
                <button type="button" className="button quiet" disabled={moves.isFetchingNextPage} onClick={() => void moves.fetchNextPage()}>
                  {say(moves.isFetchingNextPage ? "states.waiting" : "states.more")}
                </button>
              </p>
            )}
          </section>
        )}
      </Loaded>
      {me.data && <KeepStatement member={me.data.member_number} />}
    </Page>
  );
}

const EVERYTHING: Filter = { kind: null, from: "", to: "" };

/** The filter as it stands in the address. */
function useFilter(): [Filter, (next: Filter) => void] {
  const [search, setSearch] = useSearchParams();
  const date = (name: string) => (/^\d{4}-\d\d-\d\d$/.test(search.get(name) ?? "") ? search.get(name)! : "");
  const filter = { kind: NAMES.find((name) => name === search.get("kind")) ?? null, from: date("from"), to: date("to") };
  const change = (next: Filter) => setSearch(Object.entries(next).filter((pair): pair is [string, string] => !!pair[1]), { replace: true });
  return [filter, change];
}

function useMovements({ kind, from, to }: Filter) {
  return useInfiniteQuery({
    queryKey: ["points", "statement", kind, from, to],
    queryFn: ({ pageParam }) =>
      got(
        api().GET("/me/statement", {
          params: {
            query: {
              limit: PAGE,
              ...(pageParam === null ? {} : { before: pageParam }),
              ...(kind ? { kind: [...KINDS[kind]] } : {}),
              ...(from ? { from: midnight(from, 0) } : {}),
              ...(to ? { to: midnight(to, 1) } : {}),
            },
          },
        }),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: ({ before }) => before,
    select: ({ pages }) => pages.flatMap(({ lines }) => lines),
  });
}

/** When a day, or the one after it, begins where the member is. */
function midnight(date: string, later: 0 | 1): string {
  const begins = new Date(`${date}T00:00`);
  begins.setDate(begins.getDate() + later);
  return begins.toISOString();
}

function Filters({ filter, change, filtered }: { filter: Filter; change: (next: Filter) => void; filtered: boolean }) {
  return (
    <form className="filters no-print" aria-label={say("statement.filter")} onSubmit={(event) => event.preventDefault()}>
      <div className="field">
        <label htmlFor="filter-kind">{say("statement.kind")}</label>
        <select id="filter-kind" value={filter.kind ?? ""} onChange={(event) => change({ ...filter, kind: NAMES.find((name) => name === event.currentTarget.value) ?? null })}>
          <option value="">{say("statement.kind_all")}</option>
          {NAMES.map((name) => <option key={name} value={name}>{say(`statement.kind_${name}`)}</option>)}
        </select>
      </div>
      {(["from", "to"] as const).map((end) => (
        <div key={end} className="field">
          <label htmlFor={`filter-${end}`}>{say(`statement.${end}`)}</label>
          <input id={`filter-${end}`} type="date" value={filter[end]} onChange={(event) => change({ ...filter, [end]: event.currentTarget.value })} />
        </div>
      ))}
      {filtered && <button type="button" className="link" onClick={() => change(EVERYTHING)}>{say("statement.all")}</button>}
    </form>
  );
}
