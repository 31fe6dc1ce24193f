/** What the member wishes for, and what of it can be had again. */
import { Link } from "wouter";
import { day } from "@shared/shown";
import { outlookOf } from "../parts/outlook";
import { Page } from "../parts/page";
import { Plate } from "../parts/plate";
import { Price } from "../parts/price";
import { Loaded, Nothing } from "../parts/states";
import { nameOf } from "../own-words";
import type { Schemas } from "../queries";
import { useWishes, useWishing } from "../wishes";
import { say } from "../words";

export default function Wishlist() {
  const wishes = useWishes();
  return (
    <Page title={say("wishlist.title")}>
      <Loaded query={wishes} empty={(list) => !list.wishes.length} nothing={<Empty />}>
        {(list) => (
          <ul className="rows wishes">
            {list.wishes.map((wish) => (
              <li key={wish.asin}><Row wish={wish} /></li>
            ))}
          </ul>
        )}
      </Loaded>
    </Page>
  );
}

function Row({ wish }: { wish: Schemas["Wish"] }) {
  const wishing = useWishing();
  return (
    <article className="wish">
      <Plate image={wish.image} sizes="7rem" />
      <div className="wish-words">
        <span className="small muted">{wish.brand}</span>
        <h2><Link href={`/products/${wish.asin}`}>{nameOf(wish)}</Link></h2>
        {wish.points !== null && wish.currency !== null && (
          <p>
            {wish.from_points && <span className="muted">{say("shop.from")} </span>}
            <Price points={wish.points} minor={0} currency={wish.currency} />
          </p>
        )}
        <p className="small"><Standing wish={wish} /></p>
      </div>
      <button
        type="button"
        className="link small"
        disabled={wishing.isPending}
        aria-label={say("wishlist.remove_this", { title: nameOf(wish) })}
        onClick={() => wishing.mutate({ asin: wish.asin, wished: false })}
      >
        {say("wishlist.remove")}
      </button>
    </article>
  );
}

function Standing({ wish }: { wish: Schemas["Wish"] }) {
  const outlook = outlookOf(wish.outlook);
  if (!wish.available) return <span className="muted">{say("wishlist.gone")} {outlook && <b className="soon">{outlook}.</b>}</span>;
  if (outlook) return <b className="soon">{outlook}</b>;
  if (wish.told_at) return <b className="back">{say("wishlist.back", { day: day(wish.told_at) })}</b>;
  return <span className="muted">{say("wishlist.since", { day: day(wish.added_at) })}</span>;
}

function Empty() {
  return (
    <Nothing title={say("wishlist.empty")}>
      <p className="muted">{say("wishlist.empty_how")}</p>
      <Link href="/browse" className="button">{say("shop.all")}</Link>
    </Nothing>
  );
}
