/** A page as it was read: each value where it stood, the doubtful ones in red, the one that is being edited framed. */
import { DOUBTFUL, fieldName, percent, type Seen } from "./shown";

type Props = { seen: readonly Seen[]; page: number; current: string; onChoose: (field: string) => void; metric: boolean };

const WIDTH = 1000;
// Letter paper, or A4.
const HEIGHT = { inch: 1294, metric: 1414 };
const PAD = 4;

export function Drawn({ seen, page, current, onChoose, metric }: Props) {
  const height = metric ? HEIGHT.metric : HEIGHT.inch;
  const here = seen.filter((one) => one.page === page && one.box);
  const doubtful = here.filter(({ confidence }) => confidence < DOUBTFUL).length;
  return (
    <svg className="drawn" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={`Page ${page} as it was read: ${here.length} values, ${doubtful} of them doubtful`}>
      <rect width={WIDTH} height={height} className="drawn-paper" />
      {here.map((one, index) => <Value key={`${one.name} ${index}`} one={one} height={height} chosen={one.name === current} choose={() => onChoose(one.name)} />)}
    </svg>
  );
}

function Value({ one, height, chosen, choose }: { one: Seen; height: number; chosen: boolean; choose: () => void }) {
  const [left, top, width, tall] = one.box as [number, number, number, number];
  const [x, y, wide, high] = [left * WIDTH, top * height, width * WIDTH, tall * height];
  const lines = one.printed.split("\n");
  const step = high / lines.length;
  const kind = chosen ? "chosen" : one.confidence < DOUBTFUL ? "doubtful" : "sure";
  return (
    <g className={`drawn-${kind}`} onClick={choose}>
      <title>{`${fieldName(one.name)}: ${percent(one.confidence)}`}</title>
      <rect x={x - PAD} y={y - PAD} width={wide + 2 * PAD} height={high + 2 * PAD} rx={4} />
      {lines.map((line, row) => (
        // As wide as it was printed, whatever it was printed in.
        <text key={row} x={x} y={y + step * row + step * 0.8} fontSize={Math.min(step, 40)} {...(line.length > 1 && lines.length === 1 && { textLength: wide, lengthAdjust: "spacingAndGlyphs" })}>
          {line}
        </text>
      ))}
    </g>
  );
}
