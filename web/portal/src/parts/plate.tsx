/** A product's picture on its flat ground, in the sizes that there are. */
import type { Schemas } from "../queries";

type Picture = Schemas["Image"] | null | undefined;

/** `sizes`: how wide it is drawn (CSS). `first`: one of the first things seen, so it is not fetched late. */
export function Plate({ image, alt = "", sizes, first = false }: { image: Picture; alt?: string; sizes: string; first?: boolean }) {
  const known = [image?.thumbnail, image?.small, image?.medium, image?.large].filter((size) => !!size);
  const largest = known.at(-1);
  return (
    <div className="plate">
      {largest && (
        <img
          src={largest.url}
          srcSet={known.filter((size) => size.width > 0).map((size) => `${size.url} ${size.width}w`).join(", ")}
          sizes={sizes}
          width={largest.width || 500}
          height={largest.height || 500}
          alt={alt}
          loading={first ? "eager" : "lazy"}
          fetchPriority={first ? "high" : "auto"}
          decoding="async"
        />
      )}
    </div>
  );
}

/** A small picture of which only the address is known (an order's line). */
export function Thumbnail({ url }: { url: string | null }) {
  return <div className="plate small">{url && <img src={url} alt="" width={72} height={72} loading="lazy" decoding="async" />}</div>;
}
