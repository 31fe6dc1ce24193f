/** The catalogue, searched, narrowed and sorted; all of that stands in the address, so it can be kept, sent and come back to. */
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { api, got } from "@shared/client";
import { config } from "@shared/config";
import { date, number } from "@shared/shown";
import { Cards, CardsToCome } from "../parts/card";
import { Page } from "../parts/page";
import { Loaded, Nothing } from "../parts/states";
import { categoryName } from "../own-words";
import { onShelf, type Schemas, useBalance, useCatalogue } from "../queries";
import { say, sayCode, sayCount } from "../words";

const SORTS = ["relevance", "for_you", "points", "points_down", "newest"] as const;
type Sort = (typeof SORTS)[number];

const TYPING_MS = 300;
const TO_COME = 12;

/** What is asked for. `points`: what so many of them pay at least half of, and the price is what they leave to pay. */
type Asked = { search: string; category: string; mine: boolean; sort: Sort; points: number | null };

export default function Browse() {
  const queries = useQueryClient();
  const [asked, ask] = useAsked();
  const balance = useBalance();
  const catalogue = useCatalogue();
  const available = balance.data?.available;
  const pages = useInfiniteQuery({
    queryKey: ["shelf", asked, asked.mine && available],
    queryFn: ({ pageParam }) => onShelf(queries, (version) => pageOf(version, asked, available, pageParam)),
    initialPageParam: FIRST_PAGE,
    getNextPageParam: (last) => (last.next_page ? { page: last.next_page, beyond: last.beyond } : undefined),
    placeholderData: keepPreviousData,
    // "Within my points" needs to know how many those are.
    enabled: !asked.mine || available !== undefined || balance.isError,
  });
  const beyond = pages.data?.pages[0]?.beyond ?? false;
  const list = useRef<HTMLDivElement>(null);
  const known = useRef<number | null>(null);
  const more = () => {
    known.current = list.current?.querySelectorAll("a.card").length ?? null;
    void pages.fetchNextPage();
  };
  useEffect(() => {
    if (known.current === null) return;
    // Who came here by keyboard goes on with what is new.
    list.current?.querySelectorAll<HTMLElement>("a.card")[known.current]?.focus({ preventScroll: true });
    known.current = null;
  }, [pages.data?.pages.length]);
  const category = catalogue.data?.categories.find((one) => one.category === asked.category);
  return (
    <Page title={titleOf(asked, category)} lead={<Lead asked={asked} balance={balance.data} beyond={beyond} />} className="browse">
      <Filters asked={beyond ? { ...asked, sort: "points" } : asked} ask={ask} categories={catalogue.data?.categories ?? []} />
      <div ref={list} className="section results" aria-busy={pages.isPlaceholderData}>
        <Loaded query={balance.isPending ? { ...pages, data: undefined, error: null } : pages} waiting={<><p className="found">&nbsp;</p><CardsToCome count={TO_COME} /></>}>
          {({ pages: shown }) => {
            const products = shown.flatMap((page) => page.products);
            if (!products.length) return <><OnlyForMe asked={asked} available={available} /><Empty asked={asked} ask={ask} /></>;
            return (
              <>
                <OnlyForMe asked={asked} available={available} />
                <div className="found" role="status">
                  <h2>{sayCount(pages.hasNextPage ? "shop.first" : "shop.found", products.length)}</h2>
                  <p>{sayCode("shop", `includes_${shown[0]!.included}`, shown[0]!.price_includes)}</p>
                </div>
                <Cards products={products} balance={available ?? 0} use={asked.points ?? undefined} />
                {pages.hasNextPage && (
                  <button type="button" className="button quiet more" disabled={pages.isFetchingNextPage} onClick={more}>
                    {say(pages.isFetchingNextPage ? "states.waiting" : "states.more")}
                  </button>
                )}
              </>
            );
          }}
        </Loaded>
      </div>
    </Page>
  );
}

type At = { page: string; beyond: boolean };
const FIRST_PAGE: At = { page: "", beyond: false };

/** A page. Where such few points pay half of nothing, the smallest rewards instead: `beyond`. */
async function pageOf(version: number, asked: Asked, available: number | undefined, { page, beyond }: At) {
  const { mine, sort, points } = asked;
  const query = { ...queryOf(asked, available, beyond), ...(page && { page }) };
  const order = beyond ? "points" : sort;
  const found = await got(
    order === "for_you"
      ? api().GET("/me/catalogue/for-you", { params: { query } })
      : api().GET("/catalogue/{version}/products", { params: { path: { version }, query: { ...query, sort: order } } }),
  );
  if (found.products.length || points === null || mine || beyond) return { ...found, beyond };
  return pageOf(version, asked, available, { page: "", beyond: true });
}

/** What only members like this one may have: on no page that all share, so it has a place of its own. */
function OnlyForMe({ asked, available }: { asked: Asked; available: number | undefined }) {
  const { sort } = asked;
  const query = { ...queryOf(asked, available, false), ...(sort !== "for_you" && { sort }) };
  const own = useQuery({
    queryKey: ["shelf", "only for me", query],
    queryFn: () => got(api().GET("/me/catalogue", { params: { query } })),
    placeholderData: keepPreviousData,
    enabled: (useCatalogue().data?.only_for_some ?? false) && sort !== "for_you",
  });
  // What is ranked for me has it among the rest.
  if (sort === "for_you" || !own.data?.products.length) return null;
  return (
    <section className="section only-for-me">
      <h2>{say("shop.only_for_me")}</h2>
      <Cards products={own.data.products} balance={available ?? 0} use={asked.points ?? undefined} />
    </section>
  );
}

/** What is asked for, as the API names it. */
function queryOf({ search, category, mine, points }: Asked, available: number | undefined, beyond: boolean) {
  const limits = [points !== null && !beyond ? reachOf(points) : null, mine ? available : null].filter((limit) => typeof limit === "number");
  return { ...(search && { search }), ...(category && { category }), ...(limits.length && { max_points: Math.min(...limits) }) };
}

type Ask = (change: Partial<Asked>) => void;

/** The question in the address. Narrowing is no new page: the way back leads to where one came from. */
function useAsked(): [Asked, Ask] {
  const [query, setQuery] = useSearchParams();
  const points = Number(query.get("points"));
  const some = Number.isSafeInteger(points) && points > 0 ? points : null;
  const sort = SORTS.find((known) => known === query.get("sort"));
  const asked: Asked = {
    search: (query.get("search") ?? "").slice(0, 100),
    category: query.get("category") ?? "",
    mine: query.get("within") === "mine",
    // The dearest first: there all the points are used.
    sort: sort ?? (some === null ? "relevance" : "points_down"),
    points: some,
  };
  const ask: Ask = (change) => {
    const next = { ...asked, ...change };
    const fallback = next.points === null ? "relevance" : "points_down";
    const told = {
      search: next.search,
      category: next.category,
      within: next.mine ? "mine" : "",
      sort: next.sort === fallback ? "" : next.sort,
      points: next.points === null ? "" : String(next.points),
    };
    setQuery(new URLSearchParams(Object.entries(told).filter(([, value]) => value)), { replace: true });
  };
  return [asked, ask];
}

/** The price of which so many points pay at least half, or as much as the programme asks for. */
function reachOf(points: number): number {
  return Math.floor((points * 100) / Math.max(50, config().mix.min_percent));
}

function titleOf({ search, points }: Asked, category: Schemas["Category"] | undefined): string {
  if (search) return say("shop.results", { search });
  if (points !== null) return sayCount("shop.with_points", points);
  return category ? categoryName(category) : say("shop.title");
}

/** Why just these are shown. */
function Lead({ asked: { points }, balance, beyond }: { asked: Asked; balance: Schemas["Balance"] | undefined; beyond: boolean }) {
  if (points === null) return null;
  if (beyond) return <p>{say("shop.with_points_beyond")}</p>;
  const on = balance?.expires_next_amount === points ? balance.expires_next_on : null;
  return <p>{on ? say("shop.with_lapsing", { points: number(points), day: date(on) }) : say("shop.with_points_why")}</p>;
}

function Filters({ asked, ask, categories }: { asked: Asked; ask: Ask; categories: readonly Schemas["Category"][] }) {
  const id = useId();
  return (
    <search className="filters">
      <SearchField search={asked.search} ask={ask} />
      <div className="field">
        <label htmlFor={`${id}-category`}>{say("shop.category")}</label>
        <select id={`${id}-category`} value={asked.category} onChange={(event) => ask({ category: event.currentTarget.value })}>
          <option value="">{say("shop.every_category")}</option>
          {asked.category && !categories.some((one) => one.category === asked.category) && <option value={asked.category}>{asked.category}</option>}
          {categories.map((one) => (
            <option key={one.category} value={one.category}>{categoryName(one)} ({number(one.products)})</option>
          ))}
        </select>
      </div>
      <div className="field">
        <label htmlFor={`${id}-sort`}>{say("shop.sort")}</label>
        <select id={`${id}-sort`} value={asked.sort} onChange={(event) => ask({ sort: event.currentTarget.value as Sort })}>
          {SORTS.map((sort) => <option key={sort} value={sort}>{say(`shop.sort_${sort}`)}</option>)}
        </select>
      </div>
      <label className="tick">
        <input type="checkbox" checked={asked.mine} onChange={(event) => ask({ mine: event.currentTarget.checked })} />
        {say("shop.within_mine")}
      </label>
      {asked.points !== null && (
        <button type="button" className="link" onClick={() => ask({ points: null, sort: "relevance" })}>{say("shop.all")}</button>
      )}
      <Link href="/wishlist" className="to-wishes">{say("home.wishlist")}</Link>
    </search>
  );
}

/** Asked for when the typing rests, and at once with Enter. */
function SearchField({ search, ask }: { search: string; ask: Ask }) {
  const id = useId();
  const [text, setText] = useState(search);
  const sent = useRef(search);
  const typed = text.trim().replace(/\s+/g, " ");
  const send = () => {
    sent.current = typed;
    ask({ search: typed });
  };
  useEffect(() => {
    if (typed === sent.current) return undefined;
    const timer = setTimeout(send, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    // Asked for elsewhere: by a link, or the way back.
    if (search === sent.current) return;
    sent.current = search;
    setText(search);
  }, [search]);
  return (
    <form className="field search-field" onSubmit={(event) => (event.preventDefault(), send())}>
      <label htmlFor={id}>{say("shop.search")}</label>
      <input id={id} type="search" enterKeyHint="search" maxLength={100} autoComplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
    </form>
  );
}

function Empty({ asked, ask }: { asked: Asked; ask: Ask }) {
  const narrowed = asked.category || asked.mine || asked.points !== null;
  return (
    <Nothing title={asked.search ? say("shop.nothing_for", { search: asked.search }) : say("shop.nothing")}>
      <p className="muted">{say(narrowed ? "shop.nothing_narrow" : "shop.nothing_words")}</p>
      <div className="actions">
        {asked.search && narrowed && (
          <button type="button" className="button" onClick={() => ask({ category: "", mine: false, points: null, sort: "relevance" })}>{say("shop.widen")}</button>
        )}
        <button type="button" className="button quiet" onClick={() => ask({ search: "", category: "", mine: false, points: null, sort: "relevance" })}>{say("shop.all")}</button>
      </div>
    </Nothing>
  );
}
