/** How many points, how much money: a slider, a typed amount and three stops that are always in agreement. */
import { type ReactNode, useEffect, useId, useState } from "react";
import { number } from "@shared/shown";
import { nearest, type Slider } from "@shared/split";
import { say } from "../words";
import { Price, priceWords } from "./price";
import { showTaken } from "./line";

export type Stop = { name: "fewest" | "half" | "all" | "most" | "affordable"; points: number };

type Props = {
  slider: Slider;
  points: number;
  /** What these points leave to pay, for what is shown. */
  parts: { points: number; money_minor: number };
  currency: string;
  stops: readonly Stop[];
  label: string;
  /** The number that is taken for one that is wanted; `from` is there when it is a step. */
  snap?: (wanted: number, from?: number) => number;
  /** While it moves. */
  onChange: (points: number) => void;
  /** When it has come to rest. */
  onSettled?: (points: number) => void;
  children?: ReactNode;
};

export function Mix({ slider, points, parts, currency, stops, label, snap = (wanted) => nearest(slider, wanted), onChange, onSettled, children }: Props) {
  const id = useId();
  const { minimum, maximum, step } = slider;
  useEffect(() => {
    showTaken(parts.points);
    return () => showTaken(0);
  }, [parts.points]);
  const choose = (wanted: number, from?: number) => {
    const allowed = snap(wanted, from);
    onChange(allowed);
    onSettled?.(allowed);
  };
  const fixed = minimum >= maximum;
  return (
    <section className="mix" aria-labelledby={`${id}-label`}>
      <h2 id={`${id}-label`} className="mix-label">{label}</h2>
      <output className="mix-price" htmlFor={`${id}-range ${id}-typed`} aria-live="off">
        <Price points={parts.points} minor={parts.money_minor} currency={currency} />
      </output>
      {!fixed && (
        <>
          <input
            id={`${id}-range`}
            className="range"
            type="range"
            min={minimum}
            max={maximum}
            // Steps begin at nought and both ends are allowed, so the nearest allowed number is found after the fact.
            step={1}
            value={points}
            style={{ "--share": `${((points - minimum) / (maximum - minimum)) * 100}%` } as Record<string, string>}
            aria-label={say("mix.slider")}
            aria-valuetext={priceWords(parts.points, parts.money_minor, currency)}
            onInput={(event) => {
              const allowed = snap(Number(event.currentTarget.value));
              // Where it cannot stand it does not stop, not even while it is drawn.
              event.currentTarget.value = String(allowed);
              onChange(allowed);
            }}
            // The browser's own "change", at the end of a movement: onChange means every movement.
            onChangeCapture={(event) => onSettled?.(snap(Number(event.currentTarget.value)))}
            onKeyDown={(event) => {
              const moved = KEYS[event.key]?.(points, slider);
              if (moved === undefined) return;
              event.preventDefault();
              choose(moved, points);
            }}
          />
          <div className="mix-choices">
            {stops.map((stop) => (
              <button key={stop.name} type="button" aria-pressed={points === stop.points} onClick={() => choose(stop.points)}>
                {say(`mix.${stop.name}`)}
              </button>
            ))}
            <Typed id={`${id}-typed`} points={points} choose={choose} />
          </div>
          <p className="small muted num">{say(step > 1 ? "mix.range" : "mix.range_any", { least: number(minimum), most: number(maximum), step: number(step) })}</p>
        </>
      )}
      {children}
    </section>
  );
}

// A step is a step of the programme's; a page is a tenth of the way.
const page = ({ minimum, maximum, step }: Slider) => Math.max(step, (maximum - minimum) / 10);
const KEYS: Record<string, (points: number, slider: Slider) => number> = {
  ArrowRight: (points, { step }) => points + step,
  ArrowUp: (points, { step }) => points + step,
  ArrowLeft: (points, { step }) => points - step,
  ArrowDown: (points, { step }) => points - step,
  PageUp: (points, slider) => points + page(slider),
  PageDown: (points, slider) => points - page(slider),
  Home: (_, { minimum }) => minimum,
  End: (_, { maximum }) => maximum,
};

function Typed({ id, points, choose }: { id: string; points: number; choose: (points: number) => void }) {
  const [text, setText] = useState<string | null>(null);
  const finish = () => {
    const typed = Number((text ?? "").replace(/[^0-9]/g, ""));
    if (text !== null && text.trim() !== "") choose(typed);
    setText(null);
  };
  return (
    <label className="mix-typed" htmlFor={id}>
      <span>{say("mix.typed")}</span>
      <input
        id={id}
        className="num"
        inputMode="numeric"
        autoComplete="off"
        size={8}
        value={text ?? number(points)}
        onInput={(event) => setText(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={finish}
        onKeyDown={(event) => event.key === "Enter" && (event.preventDefault(), finish())}
      />
    </label>
  );
}
