/** One metric: its question, its picture, its figures as a table, where to look further. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Popover from "@cloudscape-design/components/popover";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { number } from "@shared/shown";
import { api, ask, got } from "../../api";
import { config } from "../../config";
import { Go } from "../../parts/Go";
import { save } from "../../parts/csv";
import { Failed, Nothing } from "../../parts/States";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import { type Drill, spec } from "./spec";
import { type Answer, type Choices, type Column, drawnCurrency, type Metric, rowsOf, shown } from "./values";

const Chart = lazy(() => import("./chart"));

// The whole of an answer is in its CSV file.
const MOST_READ_ROWS = 100;
// Only what was loaded at night changes it.
const FRESH_MS = 5 * 60_000;

export type Asked = { from?: string; to?: string; tier?: string; category?: string; campaign?: string };

const HEEDED = { from: "from_day", to: "to_day", tier: "tier", category: "category", campaign: "campaign" } as const;
const FILTER_NAMES = { from: "first day", to: "last day", tier: "level", category: "category", campaign: "campaign" } as const;

type Props = {
  metric: Metric;
  asked: Asked;
  choices: Choices;
  /** Somebody came for this one. */
  sought: boolean;
  /** The metric that says more, and how to get there with other filters. */
  more: { metric: Metric; to: (drill: Drill) => string; go: (drill: Drill) => void } | null;
};

export function Card({ metric, asked, choices, sought, more }: Props) {
  const heeded = Object.fromEntries(Object.entries(asked).filter(([name]) => metric.filters.includes(HEEDED[name as keyof Asked])));
  const query = useQuery({
    queryKey: ["reports", metric.name, heeded],
    queryFn: () => got(api().GET("/reports/{metric}", { params: { path: { metric: metric.name }, query: heeded } })),
    staleTime: FRESH_MS,
    placeholderData: (before: Answer | undefined) => before,
  });
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (sought) place.current?.scrollIntoView({ block: "start" });
  }, [sought]);
  const left = (Object.keys(asked) as (keyof Asked)[]).filter((name) => !(name in heeded)).map((name) => FILTER_NAMES[name]);
  return (
    <section ref={place} className={sought ? "report sought" : "report"} aria-label={metric.title}>
      <Container
        fitHeight
        header={<Header variant="h2" description={metric.title}>{metric.question}</Header>}
        footer={
          <div className="report-foot">
            <span>{more && <Go to={more.to({})}>{`Look further: ${more.metric.title}`}</Go>}</span>
            <span className="report-acts"><What metric={metric} /><Csv metric={metric} asked={heeded} /></span>
          </div>
        }
      >
        <SpaceBetween size="s">
          {left.length > 0 && <Box color="text-body-secondary" fontSize="body-s">{`Not narrowed by ${left.join(", ")}: this one does not depend on it.`}</Box>}
          {query.data ? <Told metric={metric} answer={query.data} choices={choices} stale={query.isPlaceholderData} onDrill={more?.go} /> : query.error ? <Failed error={query.error} retry={() => void query.refetch()} busy={query.isFetching} /> : <Counting />}
        </SpaceBetween>
      </Container>
    </section>
  );
}

const Counting = () => <div className="report-wait"><StatusIndicator type="loading">The warehouse is counting</StatusIndicator></div>;

function Told({ metric, answer, choices, stale, onDrill }: { metric: Metric; answer: Answer; choices: Choices; stale: boolean; onDrill: ((drill: Drill) => void) | undefined }) {
  const rows = useMemo(() => rowsOf(answer), [answer]);
  const picture = useMemo(() => spec(metric, rows, choices, config().currency), [metric, rows, choices]);
  const only = drawnCurrency(rows, config().currency);
  if (rows.length === 0) return <div className="report-wait"><Nothing title="Nothing to count">Nothing of this happened in what is chosen. Take a longer time, or fewer filters.</Nothing></div>;
  return (
    <SpaceBetween size="s">
      {picture && <div className={stale ? "report-stale" : undefined}><Suspense fallback={<Counting />}><Chart spec={picture} label={`${metric.question} A picture; the figures are in the table below it.`} onDrill={onDrill} /></Suspense></div>}
      {picture && only && <Box color="text-body-secondary" fontSize="body-s">{`Drawn for ${only}; the table has all currencies.`}</Box>}
      <Figures metric={metric} answer={answer} rows={rows} choices={choices} open={!picture} />
    </SpaceBetween>
  );
}

/** The same as a table, for who reads rather than looks. Opened when it is asked for: a hundred rows are much to draw. */
function Figures({ metric, answer, rows, choices, open }: { metric: Metric; answer: Answer; rows: ReturnType<typeof rowsOf>; choices: Choices; open: boolean }) {
  const [drawn, setDrawn] = useState(open);
  const read = rows.slice(0, MOST_READ_ROWS);
  return (
    <details className="report-figures" open={drawn} onToggle={(event) => setDrawn(event.currentTarget.open)}>
      <summary>{`The figures (${number(rows.length)} ${rows.length === 1 ? "row" : "rows"})`}</summary>
      {drawn && (
        <div className="report-rows" tabIndex={0} role="region" aria-label={`Figures: ${metric.title}`}>
          <table>
            <thead><tr>{metric.columns.map((column) => <th key={column.name} scope="col" className={isNumber(column) ? "figure" : undefined}>{column.title}</th>)}</tr></thead>
            <tbody>
              {read.map((row, at) => (
                <tr key={at}>{metric.columns.map((column) => <td key={column.name} className={isNumber(column) ? "figure" : undefined}>{shown(column, row[column.name] ?? null, row, choices)}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {drawn && (rows.length > read.length || !answer.whole) && <Box color="text-body-secondary" fontSize="body-s">{`The first ${number(read.length)} rows; the CSV file has ${answer.whole ? "all" : "the first"} ${number(rows.length)}.`}</Box>}
    </details>
  );
}

const isNumber = (column: Column) => column.kind === "measure" || (column.kind === "number" && column.name !== "weekday");

/** What the figures mean, in the words of their definition. */
function What({ metric }: { metric: Metric }) {
  const measures = metric.columns.filter((column) => column.description);
  return (
    <Popover
      header={metric.title}
      size="large"
      triggerType="custom"
      content={
        <SpaceBetween size="s">
          <Box variant="p">{metric.description}</Box>
          <dl className="report-words">{measures.map((column) => <div key={column.name}><dt>{column.title}</dt><dd>{column.description}</dd></div>)}</dl>
        </SpaceBetween>
      }
    >
      <Button variant="icon" iconName="status-info" ariaLabel={`What it means: ${metric.title}`} />
    </Popover>
  );
}

function Csv({ metric, asked }: { metric: Metric; asked: Asked }) {
  const [busy, setBusy] = useState(false);
  const take = async () => {
    setBusy(true);
    try {
      const query = new URLSearchParams(asked).toString();
      save(`${metric.name}.csv`, await (await ask("GET", `/reports/${metric.name}/table.csv${query && `?${query}`}`)).blob());
    } catch (failure) {
      tell("error", wordsOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return <Button variant="icon" iconName="download" loading={busy} ariaLabel={`CSV file: ${metric.title}`} onClick={() => void take()} />;
}
