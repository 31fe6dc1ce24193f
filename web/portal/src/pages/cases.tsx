/** What the member asked about, newest first. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, got } from "@shared/client";
import { day } from "@shared/shown";
import { about, isOver, stateWords } from "../parts/case-words";
import { Page } from "../parts/page";
import { Failed, Loaded, Nothing } from "../parts/states";
import { say, sayCount } from "../words";

export default function Cases() {
  const cases = useInfiniteQuery({
    queryKey: ["cases", "list"],
    queryFn: ({ pageParam }) => got(api().GET("/cases", { params: { query: pageParam === null ? {} : { before: pageParam } } })),
    initialPageParam: null as string | null,
    getNextPageParam: ({ before }) => before,
    select: ({ pages }) => pages.flatMap((page) => page.cases),
  });
  return (
    <Page title={say("cases.title")} lead={<p>{say("cases.lead")}</p>}>
      <p className="actions"><Link href="/cases/new" className="button">{say("cases.new")}</Link></p>
      <Loaded query={cases} empty={(found) => found.length === 0} nothing={<Nothing title={say("cases.none")}><p>{say("cases.none_how")}</p></Nothing>}>
        {(found) => (
          <section aria-label={say("cases.title")}>
            <ol className="rows case-list">
              {found.map((one) => (
                <li key={one.case_id} className={isOver(one.state) ? "over" : undefined}>
                  <Link href={`/cases/${one.case_id}`}>
                    <h2>{about(one)}</h2>
                    <span className="small muted">{day(one.opened_at)}{one.answers > 0 && ` · ${sayCount("cases.answers", one.answers)}`}</span>
                    <span className="small case-state">{stateWords(one)}</span>
                  </Link>
                </li>
              ))}
            </ol>
            {cases.isFetchNextPageError && <Failed error={cases.error} />}
            {cases.hasNextPage && (
              <p className="actions more">
                <button type="button" className="button quiet" disabled={cases.isFetchingNextPage} onClick={() => void cases.fetchNextPage()}>
                  {say(cases.isFetchingNextPage ? "states.waiting" : "states.more")}
                </button>
              </p>
            )}
          </section>
        )}
      </Loaded>
    </Page>
  );
}
