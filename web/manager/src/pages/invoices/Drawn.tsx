/** A page as it was read: each value where it stood, the doubtful ones in red, the one that is being edited framed. */
import { DOUBTFUL, fieldName, percent, type Seen } from "./shown";

type Props = { seen: readonly Seen[]; doubted: ReadonlySet<string>; page: number; current: string; onChoose: (field: string) => void; metric: boolean };

const WIDTH = 1000;
// Letter paper, or A4.
const HEIGHT = { inch: 1294, metric: 1414 };
const PAD = 4;
const MARGIN = 40;
// A letter is about so wide for its height.
const LETTER = 0.52;
const LARGEST = 30;
const NEAR = { width: 420, height: 96 };

export function Drawn({ seen, doubted, page, current, onChoose, metric }: Props) {
  const height = metric ? HEIGHT.metric : HEIGHT.inch;
  const here = seen.filter((one) => one.page === page && one.box).sort((one, other) => area(other) - area(one));
  const bad = (one: Seen) => one.confidence < DOUBTFUL || doubted.has(one.name);
  const doubtful = here.filter(bad).length;
  return (
    <svg className="drawn" viewBox={around(here, height)} role="img" aria-label={`Page ${page} as it was read: ${here.length} values, ${doubtful} of them doubtful`}>
      {here.map((one, index) => <Value key={`${one.name} ${index}`} one={one} height={height} kind={one.name === current ? "chosen" : bad(one) ? "doubtful" : "sure"} choose={() => onChoose(one.name)} />)}
    </svg>
  );
}

/** The part of the page that has something on it, with a margin: the rest is white. */
function around(seen: readonly Seen[], height: number): string {
  const boxes = seen.map(({ box }) => box as number[]);
  if (boxes.length === 0) return `0 0 ${WIDTH} ${height / 2}`;
  const least = (index: 0 | 1, whole: number) => Math.max(0, Math.min(...boxes.map((box) => box[index]! * whole)) - MARGIN);
  const most = (index: 0 | 1, whole: number) => Math.min(whole, Math.max(...boxes.map((box) => (box[index]! + box[index + 2]!) * whole)) + MARGIN);
  const [left, top] = [least(0, WIDTH), least(1, height)];
  return [left, top, most(0, WIDTH) - left, Math.max(most(1, height) - top, height / 4)].map(Math.round).join(" ");
}

/** What is edited, from near by, with what stands around it. */
export function Near({ seen, of, metric }: { seen: readonly Seen[]; of: Seen; metric: boolean }) {
  const height = metric ? HEIGHT.metric : HEIGHT.inch;
  const [left, top, width, tall] = of.box as [number, number, number, number];
  const middle = [(left + width / 2) * WIDTH, (top + tall / 2) * height] as const;
  const wide = Math.max(NEAR.width, width * WIDTH + 2 * MARGIN);
  const here = seen.filter((one) => one.page === of.page && one.box).sort((one, other) => area(other) - area(one));
  return (
    <svg className="drawn near" viewBox={[middle[0] - wide / 2, middle[1] - NEAR.height / 2, wide, NEAR.height].map(Math.round).join(" ")} role="img" aria-label={`${fieldName(of.name)} from near by: ${of.printed}`}>
      {here.map((one, index) => <Value key={`${one.name} ${index}`} one={one} height={height} kind={one.name === of.name ? "chosen" : "sure"} choose={() => undefined} />)}
    </svg>
  );
}

const area = ({ box }: Seen): number => (box ? box[2]! * box[3]! : 0);

function Value({ one, height, kind, choose }: { one: Seen; height: number; kind: "chosen" | "doubtful" | "sure"; choose: () => void }) {
  const [left, top, width, tall] = one.box as [number, number, number, number];
  const [x, y, wide, high] = [left * WIDTH, top * height, width * WIDTH, tall * height];
  const lines = one.printed.split("\n");
  const step = high / lines.length;
  return (
    <g className={`drawn-${kind}`} onClick={choose}>
      <title>{`${fieldName(one.name)}: ${percent(one.confidence)}`}</title>
      <rect x={x - PAD} y={y - PAD} width={wide + 2 * PAD} height={high + 2 * PAD} rx={4} />
      {/* A box that is far larger than a word is a row's: its words have places of their own. */}
      {step <= LARGEST && lines.map((line, row) => (
        // As wide as it was printed, where the box is that of the words alone.
        <text key={row} x={x} y={y + step * row + step * 0.8} fontSize={step} {...(fits(line, wide, step) && { textLength: wide, lengthAdjust: "spacingAndGlyphs" })}>
          {line}
        </text>
      ))}
    </g>
  );
}

const fits = (line: string, wide: number, size: number) => line.length > 1 && Math.abs(Math.log(wide / (line.length * LETTER * size))) < 0.5;
