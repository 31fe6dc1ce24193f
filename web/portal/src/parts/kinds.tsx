/** A product's kinds, chosen one dimension at a time: size, colour. */
import { useId } from "react";
import { number } from "@shared/shown";
import type { Schemas } from "../queries";
import { say } from "../words";

type Kind = Schemas["Variation"];

export function Kinds({ kinds, chosen, choose }: { kinds: readonly Kind[]; chosen: Kind; choose: (asin: string) => void }) {
  const dimensions = Object.keys(chosen.dimensions);
  return (
    <div className="kinds">
      {dimensions.map((dimension) => (
        <Dimension key={dimension} dimension={dimension} kinds={kinds} chosen={chosen} choose={choose} />
      ))}
    </div>
  );
}

type Props = { dimension: string; kinds: readonly Kind[]; chosen: Kind; choose: (asin: string) => void };

function Dimension({ dimension, kinds, chosen, choose }: Props) {
  const name = useId();
  const values = [...new Set(kinds.map((kind) => kind.dimensions[dimension]))].filter((value) => value !== undefined).sort(bySize);
  return (
    <fieldset className="dimension">
      <legend className="small muted">{dimension}</legend>
      <div className="values">
        {values.map((value) => {
          const kind = nearestKind(kinds, chosen, dimension, value)!;
          const here = value === chosen.dimensions[dimension];
          // Cheaper or dearer than the one that is looked at.
          const other = !here && kind.points !== null && kind.points !== chosen.points;
          return (
            <label key={value} className={kind.available ? "value" : "value gone"}>
              <input type="radio" name={name} checked={here} onChange={() => choose(kind.asin)} />
              {value}
              {other && <span className="small muted num"> {number(kind.points!)}</span>}
              {!kind.available && <span className="hidden"> {say("product.not_now")}</span>}
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

const SIZES = ["XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL"];

/** Sizes from small to large, numbers by their value, the rest by the alphabet. */
function bySize(one: string, other: string): number {
  const [first, second] = [SIZES.indexOf(one.toUpperCase()), SIZES.indexOf(other.toUpperCase())];
  return first >= 0 && second >= 0 ? first - second : one.localeCompare(other, undefined, { numeric: true });
}

/** With this value, the kind that is otherwise most like the chosen one, rather one that can be had. */
function nearestKind(kinds: readonly Kind[], chosen: Kind, dimension: string, value: string): Kind | undefined {
  const alike = (kind: Kind) =>
    Object.entries(chosen.dimensions).filter(([other, same]) => other !== dimension && kind.dimensions[other] === same).length * 2 + Number(kind.available);
  return kinds.filter((kind) => kind.dimensions[dimension] === value).sort((one, other) => alike(other) - alike(one))[0];
}

/** The kind to begin with where none was chosen: the cheapest that can be had. */
export function firstKind(kinds: readonly Kind[]): Kind | undefined {
  const price = (kind: Kind) => (kind.available ? (kind.points ?? Infinity) : Infinity);
  return [...kinds].sort((one, other) => price(one) - price(other))[0];
}
