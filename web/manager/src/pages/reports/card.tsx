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
import { type Drill, drillOf, spec } from "./spec";
import { type Answer, type Choices, type Column, type Metric, rowsOf, shown } from "./values";

const Chart = lazy(() => import("./chart"));

// The whole of an answer is in its CSV file.
const MOST_READ_ROWS = 100;
// Only what was loaded at night changes it.
const FRESH_MS = 5 * 60_000;

export type Asked = { from?: string; to?: string; tier?: string; category?: string; campaign?: string; currency?: string };

const HEEDED = { from: "from_day", to: "to_day", tier: "tier", category: "category", campaign: "campaign" } as const;
const FILTER_NAMES = { from: "first day", to: "last day", tier: "level", category: "category", campaign: "campaign" } as const;

/** Whether the metric's figures depend on a filter; a currency narrows whatever has one. */
const heeds = (metric: Metric, name: keyof Asked): boolean =>
  name === "currency" ? metric.columns.some((column) => column.name === "currency") : metric.filters.includes(HEEDED[name]);

type Props = {
  metric: Metric;
  asked: Asked;
  /** Of these, what somebody has chosen; the rest is the page's. */
  chosen: readonly (keyof Asked)[];
  choices: Choices;
  /** Somebody came for this one. */
  sought: boolean;
  /** The metric that says more, and how to get there with other filters. */
  more: { metric: Metric; to: (drill: Drill) => string; go: (drill: Drill) => void } | null;
};

export function Card({ metric, asked, chosen, choices, sought, more }: Props) {
  const heeded = Object.fromEntries(Object.entries(asked).filter(([name]) => heeds(metric, name as keyof Asked)));
  const query = useQuery({
    queryKey: ["reports", metric.name, heeded],
    queryFn: () => got(api().GET("/reports/{metric}", { params: { path: { metric: metric.name }, query: heeded } })),
    staleTime: FRESH_MS,
    placeholderData: (before: Answer | undefined) => before,
  });
  const place = useRef<HTMLElement>(null);
  // Who came here reads on here, also with the keyboard.
  useEffect(() => {
    if (!sought) return;
    place.current?.scrollIntoView({ block: "start" });
    place.current?.focus({ preventScroll: true });
  }, [sought]);
  const left = chosen.filter((name) => name !== "currency" && !(name in heeded)).map((name) => FILTER_NAMES[name as keyof typeof FILTER_NAMES]);
  const narrowed = chosen.some((name) => name in heeded);
  // What the next metric does not heed is not taken along.
  const further = more && { ...more, drill: (drill: Drill): Drill => Object.fromEntries(Object.entries(drill).filter(([name]) => heeds(more.metric, name as keyof Asked))) };
  return (
    <section ref={place} className={sought ? "report sought" : "report"} aria-label={metric.title} tabIndex={-1}>
      <Container
        fitHeight
        header={<Header variant="h2" description={metric.title} actions={sought && <Button variant="link" iconName="arrow-left" onClick={() => history.back()}>Back</Button>}>{metric.question}</Header>}
        footer={
          <div className="report-foot">
            <span>{more && <Go to={more.to({})}>{`Look further: ${more.metric.title}`}</Go>}</span>
            <span className="report-acts"><What metric={metric} /><Csv metric={metric} asked={heeded} /></span>
          </div>
        }
      >
        <SpaceBetween size="s">
          {left.length > 0 && <Box color="text-body-secondary" fontSize="body-s">{`Not narrowed by ${left.join(", ")}: this one does not depend on it.`}</Box>}
          {query.data ? <Told metric={metric} answer={query.data} choices={choices} stale={query.isPlaceholderData} narrowed={narrowed} more={further} /> : query.error ? <Failed error={query.error} retry={() => void query.refetch()} busy={query.isFetching} /> : <Counting />}
        </SpaceBetween>
      </Container>
    </section>
  );
}

const Counting = () => <div className="report-wait report-counting"><StatusIndicator type="loading">The warehouse is counting</StatusIndicator></div>;

type Further = (NonNullable<Props["more"]> & { drill: (drill: Drill) => Drill }) | null;

function Told({ metric, answer, choices, stale, narrowed, more }: { metric: Metric; answer: Answer; choices: Choices; stale: boolean; narrowed: boolean; more: Further }) {
  const rows = useMemo(() => rowsOf(answer), [answer]);
  const picture = useMemo(() => spec(metric, rows, choices, config().currency), [metric, rows, choices]);
  const onDrill = (drill: Drill) => {
    const taken = more?.drill(drill) ?? {};
    if (Object.keys(taken).length > 0) more?.go(taken);
  };
  if (rows.length === 0) return <div className="report-wait"><Nothing title="Nothing to count">{narrowed || !metric.empty ? "Nothing of this happened in what is chosen. Take a longer time, or fewer filters." : metric.empty}</Nothing></div>;
  return (
    <SpaceBetween size="s">
      {picture && <div className={stale ? "report-stale" : undefined}><Suspense fallback={<Counting />}><Chart spec={picture} label={`${metric.question} A picture; the figures are in the table below it.`} onDrill={onDrill} /></Suspense></div>}
      <Figures metric={metric} answer={answer} rows={rows} choices={choices} open={!picture} more={more} />
    </SpaceBetween>
  );
}

/** The same as a table, for who reads rather than looks. Opened when it is asked for: a hundred rows are much to draw. */
function Figures({ metric, answer, rows, choices, open, more }: { metric: Metric; answer: Answer; rows: ReturnType<typeof rowsOf>; choices: Choices; open: boolean; more: Further }) {
  const [drawn, setDrawn] = useState(open);
  const read = rows.slice(0, MOST_READ_ROWS);
  const cell = (column: Column, row: (typeof rows)[number]) => {
    const words = shown(column, row[column.name] ?? null, row, choices);
    const drill = more?.drill(drillOf([column], row)) ?? {};
    return more && Object.keys(drill).length > 0 ? <Go to={more.to(drill)} label={`${words}: ${more.metric.title}`}>{words}</Go> : words;
  };
  return (
    <details className={open ? "report-figures only" : "report-figures"} open={drawn} onToggle={(event) => setDrawn(event.currentTarget.open)}>
      <summary>{`The figures (${number(rows.length)} ${rows.length === 1 ? "row" : "rows"})`}</summary>
      {drawn && (
        <div className="report-rows" tabIndex={0} role="region" aria-label={`Figures: ${metric.title}`}>
          <table>
            <thead><tr>{metric.columns.map((column) => <th key={column.name} scope="col" className={isNumber(column) ? "figure" : undefined}>{column.title}</th>)}</tr></thead>
            <tbody>
              {read.map((row, at) => (
                <tr key={at}>{metric.columns.map((column) => <td key={column.name} className={isNumber(column) ? "figure" : undefined}>{cell(column, row)}</td>)}</tr>
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
