/** One product: its picture, how it is had, what it is, what goes with it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useLocation, useParams, useSearchParams } from "wouter";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";
import { number } from "@shared/shown";
import { Buy, type Priced } from "../parts/buy";
import { Cards, Instead } from "../parts/card";
import { firstKind, Kinds } from "../parts/kinds";
import { Outlook } from "../parts/outlook";
import { Page, useTitle } from "../parts/page";
import { Plate } from "../parts/plate";
import { Failed, Loaded, Waiting } from "../parts/states";
import { WishButton } from "../parts/wish";
import { looked } from "../looks";
import { priced, useOwnPrices } from "../own-prices";
import { categoryName, descriptionOf, nameOf, titleOf } from "../own-words";
import { productOf, type Schemas, useBalance, useLots } from "../queries";
import { say, sayCount } from "../words";

type Product = Schemas["Product"];

const ROW = 4;
const LONG_TITLE = 42;

export default function ProductPage() {
  const asin = useParams()["asin"]!;
  const queries = useQueryClient();
  const product = useQuery({
    queryKey: ["shelf", "product", asin],
    queryFn: () => productOf(queries, asin),
    // Another kind of the same: what is shown stays until it is there.
    placeholderData: (before: Product | undefined) => (before?.variations.some((kind) => kind.asin === asin) ? before : undefined),
  });
  if (product.error && !product.data) {
    if (product.error instanceof Problem && [400, 404].includes(product.error.status)) return <NoSuch />;
    return <Page title={say("shop.title")}><Failed error={product.error} retry={() => void product.refetch()} busy={product.isFetching} /></Page>;
  }
  return (
    <Loaded query={product}>
      {(shared) => <Own product={shared} asin={asin} changing={product.isPlaceholderData} />}
    </Loaded>
  );
}

/** At the member's own prices, it and its kinds. */
function Own({ product, asin, changing }: { product: Product; asin: string; changing: boolean }) {
  const own = useOwnPrices([...new Set([product.asin, ...product.variations.map((kind) => kind.asin)])]);
  const shown = { ...priced(product, own), variations: product.variations.map((kind) => priced(kind, own)) };
  if (shown.points === null && shown.variations.length > 0 && !belongs(shown, asin)) return <Begin product={shown} />;
  return <Shown product={shown} asin={asin} changing={changing} />;
}

/** A place that was mistyped, or a reward that has left the programme. */
function NoSuch() {
  return (
    <Page title={say("product.none")}>
      <p><Link href="/browse" className="button quiet">{say("shop.all")}</Link></p>
    </Page>
  );
}

/** Whether this is one of the kinds, and not what they have in common. */
const belongs = (product: Product, asin: string) => product.variations.some((kind) => kind.asin === asin);

/** What comes in kinds begins with one of them. */
function Begin({ product }: { product: Product }) {
  const [, go] = useLocation();
  useEffect(() => go(kindPlace(firstKind(product.variations)!.asin), { replace: true, state: { same: true } }), [product.asin]);
  return <Waiting />;
}

const kindPlace = (asin: string) => `/products/${asin}${location.search}`;

function Shown({ product, asin, changing }: { product: Product & { points_without?: number | null }; asin: string; changing: boolean }) {
  const [, go] = useLocation();
  const [query] = useSearchParams();
  const balance = useBalance();
  const lots = useLots();
  useTitle(nameOf(product));
  useEffect(() => {
    if (!changing) looked(asin);
  }, [asin, changing]);
  const wished = Number(query.get("points"));
  const chosen = product.variations.find((kind) => kind.asin === asin);
  return (
    <article className={isPriced(product) ? "page product" : "page product away"}>
      <Pictures key={product.asin} product={product} />
      <div className="buy" aria-busy={changing}>
        <header className="page-head">
          <p className="small muted">{[product.brand, categoryName({ name: product.category_name, names: product.category_names })].filter(Boolean).join(" · ")}</p>
          <h1 className={nameOf(product).length > LONG_TITLE ? "long" : ""}>{nameOf(product)}</h1>
          {product.star_rating !== null && (
            <p className="small muted num">
              {say("product.rating", { stars: number(product.star_rating) })}
              {!!product.number_of_ratings && <> · {sayCount("product.ratings", product.number_of_ratings)}</>}
            </p>
          )}
        </header>
        {chosen && <Kinds kinds={product.variations} chosen={chosen} choose={(kind) => go(kindPlace(kind), { replace: true, state: { same: true } })} />}
        {product.points_without && <p><Instead of={product.points_without} /></p>}
        {isPriced(product) && <Outlook outlook={product.outlook} />}
        {!isPriced(product) ? (
          <NotNow product={product} asin={asin} />
        ) : balance.data ? (
          <Buy
            key={product.asin}
            product={product}
            available={Math.max(balance.data.available, 0)}
            lots={lots.data?.lots ?? []}
            wished={Number.isSafeInteger(wished) && wished > 0 ? wished : null}
            changing={changing}
          />
        ) : balance.error ? (
          <Failed error={balance.error} retry={() => void balance.refetch()} busy={balance.isFetching} />
        ) : (
          <Waiting />
        )}
      </div>
      <About product={product} />
      <Others product={product} asin={asin} balance={balance.data?.available ?? 0} />
    </article>
  );
}

const isPriced = (product: Product): product is Priced => product.points !== null && product.price_minor !== null && product.currency !== null;

function NotNow({ product, asin }: { product: Product; asin: string }) {
  return (
    <section className="mix">
      <h2 className="not-now">{say("product.gone")}</h2>
      <Outlook outlook={product.outlook} />
      <p className="muted">{say("product.gone_how")}</p>
      <p><WishButton asin={asin} available={false} /></p>
      <p><Link href="/wishlist">{say("home.wishlist")}</Link></p>
    </section>
  );
}

function Pictures({ product }: { product: Product }) {
  const [at, setAt] = useState(0);
  const { images } = product;
  return (
    <div className="pictures">
      <Plate image={images[at]} alt={images[at]?.alternative_text || titleOf(product)} sizes="(max-width: 52rem) 92vw, 50vw" first />
      {images.length > 1 && (
        <ul className="thumbnails">
          {images.map((image, position) => (
            <li key={position}>
              <button type="button" aria-pressed={position === at} aria-label={say("product.picture", { number: number(position + 1) })} onClick={() => setAt(position)}>
                <Plate image={image} sizes="4.5rem" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function About({ product }: { product: Product }) {
  const { features } = product;
  const description = descriptionOf(product);
  if (!description && !features.length) return null;
  return (
    <section className="about prose">
      <h2>{say("product.about")}</h2>
      {description && <p>{description}</p>}
      {features.length > 0 && <ul className="features">{features.map((feature) => <li key={feature}>{feature}</li>)}</ul>}
    </section>
  );
}

/** What goes with it, and what else may please; instead of it, where it cannot be had. Only where there is something: a page must not end in an apology. */
function Others({ product, asin, balance }: { product: Product; asin: string; balance: number }) {
  const found = useQuery({
    queryKey: ["recommendations", asin],
    queryFn: () => got(api().GET("/recommendations", { params: { query: { asin, limit: 2 * ROW } } })),
  });
  // Their headings say why they are here.
  const shown = (found.data?.products ?? []).map(({ reason, because: _, ...other }) => ({ reason, other }));
  // What was named for it, then what is of its kind, then what goes with it or is liked too.
  const near = ({ reason, other }: (typeof shown)[number]) => (reason === "instead" ? 0 : other.category === product.category ? 1 : 2);
  const rows = isPriced(product)
    ? ([
        ["product.goes_with", shown.filter(({ reason }) => reason === "goes_with")],
        ["product.also", shown.filter(({ reason }) => reason !== "goes_with")],
      ] as const)
    : ([["product.instead", shown.toSorted((one, two) => near(one) - near(two))]] as const);
  if (!shown.length) return null;
  return (
    <div className="goes-with">
      {rows.map(([heading, some]) =>
        some.length ? (
          <section key={heading} className="section">
            <h2>{say(heading)}</h2>
            <Cards products={some.slice(0, ROW).map(({ other }) => other)} balance={balance} first={0} />
          </section>
        ) : null,
      )}
    </div>
  );
}
