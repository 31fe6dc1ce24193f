import { say } from "../words";
import { useWishes, useWishing } from "../wishes";

/** On the wishlist or off it. What cannot be had now is wished for in order to be told. */
export function WishButton({ asin, available }: { asin: string; available: boolean }) {
  const wishes = useWishes();
  const wishing = useWishing();
  const listed = wishes.data?.wishes.some((wish) => wish.asin === asin) ?? false;
  const wished = wishing.isPending ? wishing.variables.wished : listed;
  const words = available ? (wished ? "product.wished" : "product.wish") : wished ? "product.told" : "product.tell";
  return (
    <button
      type="button"
      className={available ? "link wish-button" : wished ? "button quiet" : "button"}
      aria-pressed={wished}
      disabled={wishes.isPending || wishing.isPending}
      onClick={() => wishing.mutate({ asin, wished: !wished })}
    >
      <svg viewBox="0 0 20 18" width="18" height="16" aria-hidden="true"><path d="M10 16.6 2.3 8.9a4.4 4.4 0 0 1 6.2-6.2L10 4.2l1.5-1.5a4.4 4.4 0 0 1 6.2 6.2Z" /></svg>
      {say(words)}
    </button>
  );
}
