/** Pictures, where people would rather look than read. Numbers are shown as everywhere else. */
import BarChart from "@cloudscape-design/components/bar-chart";
import LineChart from "@cloudscape-design/components/line-chart";
import PieChart from "@cloudscape-design/components/pie-chart";
import { day, number } from "@shared/shown";
import { Nothing } from "./States";

export type Series = { title: string; data: readonly (readonly [x: string, y: number])[] };

type Props = {
  /** For who cannot see it. */
  label: string;
  series: readonly Series[];
  yTitle: string;
  /** How a value is written: `number`, or money of the currency. */
  shown?: (value: number) => string;
  height?: number;
};

const none = <Nothing title="Nothing to draw yet" />;

/** Amounts beside one another; `stacked` on top of one another. */
export function Bars({ label, series, yTitle, shown = number, height = 260, stacked = false, horizontal = false }: Props & { stacked?: boolean; horizontal?: boolean }) {
  return (
    <BarChart
      ariaLabel={label}
      xScaleType="categorical"
      height={height}
      stackedBars={stacked}
      horizontalBars={horizontal}
      yTitle={yTitle}
      hideFilter
      hideLegend={series.length < 2}
      series={series.map(({ title, data }) => ({ type: "bar" as const, title, data: data.map(([x, y]) => ({ x, y })), valueFormatter: shown }))}
      i18nStrings={{ yTickFormatter: shown }}
      empty={none}
      noMatch={none}
    />
  );
}

/** How something went over days; x are instants or plain dates. */
export function Lines({ label, series, yTitle, shown = number, height = 260 }: Props) {
  return (
    <LineChart<Date>
      ariaLabel={label}
      xScaleType="time"
      height={height}
      yTitle={yTitle}
      hideFilter
      hideLegend={series.length < 2}
      series={series.map(({ title, data }) => ({ type: "line" as const, title, data: data.map(([x, y]) => ({ x: new Date(x), y })), valueFormatter: shown }))}
      i18nStrings={{ yTickFormatter: shown, xTickFormatter: (at) => day(at.toISOString()) }}
      empty={none}
      noMatch={none}
    />
  );
}

/** Parts of one whole. */
export function Ring({ label, parts, shown = number, title }: { label: string; parts: readonly { title: string; value: number }[]; shown?: (value: number) => string; title?: string }) {
  return (
    <PieChart
      ariaLabel={label}
      variant="donut"
      size="medium"
      data={parts.filter(({ value }) => value > 0)}
      detailPopoverContent={({ title: name, value }) => [{ key: name, value: shown(value) }]}
      segmentDescription={({ value }) => shown(value)}
      {...(title && { innerMetricValue: title })}
      hideFilter
      empty={none}
      noMatch={none}
    />
  );
}
