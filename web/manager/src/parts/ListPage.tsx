/** The one list: rows with filters in the address, pages by cursor, a CSV file, actions on many, and an empty state that teaches. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { keepPreviousData, type QueryKey, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { number } from "@shared/shown";
import { tell } from "../tell";
import { wordsOf } from "../words";
import { Go } from "./Go";
import { csvOf, save } from "./csv";
import { type Filter, FilterBar } from "./FilterBar";
import { type Filters, useFilters } from "./filters";
import { Failed, Nothing } from "./States";

const MOST_EXPORTED_PAGES = 100;

export type Column<Row> = {
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  /** What stands in the CSV file; a column without it is not in there. */
  text?: (row: Row) => string | number | null | undefined;
  width?: number;
  /** Numbers: at the right, below one another. */
  numeric?: boolean;
};

export type Answered<Row> = { rows: readonly Row[]; next?: string | null | undefined };

export type Bulk<Row> = {
  label: string;
  /** Which rows it makes sense for. */
  fits?: (row: Row) => boolean;
} & (
  | {
      /** For each row that is chosen; failures are told together. */
      act: (row: Row) => Promise<unknown>;
    }
  | {
      /** For all that are chosen at once: what is said then, and how it is taken back. */
      actAll: (rows: readonly Row[]) => Promise<{ said: string; undo?: (() => void) | undefined }>;
    }
);

type Props<Row> = {
  title: string;
  description?: ReactNode;
  queryKey: QueryKey;
  /** Ask for one page with the filters as they are in the address; `after` is `next` of the page before. */
  ask: (filters: Filters, after: string | undefined) => Promise<Answered<Row>>;
  rowId: (row: Row) => string;
  columns: readonly Column<Row>[];
  /** Where a row leads: its first column becomes the link. */
  open?: (row: Row) => string;
  filters?: readonly Filter[];
  actions?: ReactNode;
  bulk?: readonly Bulk<Row>[];
  empty: { title: string; text?: ReactNode; action?: ReactNode };
  /** The name of the CSV file, without its ending. */
  csv?: string;
  /** Above the table: a picture, a sum. */
  children?: ReactNode;
  refreshSeconds?: number;
};

export function ListPage<Row>(props: Props<Row>) {
  const { title, queryKey, ask, rowId, columns, open, filters: offered = [], bulk = [], refreshSeconds } = props;
  const [filters] = useFilters();
  const [page, setPage] = useState(0);
  const [chosen, setChosen] = useState<readonly Row[]>([]);
  const relevant = Object.fromEntries(offered.flatMap(({ key }) => (filters[key] ? [[key, filters[key]]] : [])));
  const query = useInfiniteQuery({
    queryKey: [...queryKey, relevant],
    queryFn: ({ pageParam }) => ask(relevant, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    ...(refreshSeconds && { refetchInterval: refreshSeconds * 1000 }),
  });
  const pages = query.data?.pages ?? [];
  const at = Math.min(page, Math.max(0, pages.length - 1));
  const rows = pages[at]?.rows ?? [];
  const filtered = Object.keys(relevant).length > 0;
  const known = pages.reduce((sum, one) => sum + one.rows.length, 0);
  return (
    <Table<Row>
      variant="full-page"
      stickyHeader
      wrapLines
      items={rows}
      trackBy={rowId}
      loading={query.isPending}
      loadingText="Loading"
      columnDefinitions={columns.map((column, index) => definition(column, index === 0 ? open : undefined))}
      {...(bulk.length > 0 && {
        selectionType: "multi" as const,
        selectedItems: [...chosen],
        onSelectionChange: ({ detail }: { detail: TableProps.SelectionChangeDetail<Row> }) => setChosen(detail.selectedItems),
        ariaLabels: { selectionGroupLabel: "Choose rows", allItemsSelectionLabel: () => "Choose all", itemSelectionLabel: (_: unknown, row: Row) => `Choose ${rowId(row)}`, tableLabel: title },
      })}
      {...(bulk.length === 0 && { ariaLabels: { tableLabel: title } })}
      header={
        <Header
          variant="h1"
          counter={query.data ? `(${number(known)}${query.hasNextPage ? "+" : ""})` : ""}
          description={props.description}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel="Refresh" loading={query.isFetching && !query.isPending} onClick={() => void query.refetch()} />
              {props.csv && <Export {...props} filters={relevant} disabled={known === 0} />}
              {bulk.map((one) => <BulkButton key={one.label} bulk={one} rows={chosen} queryKey={queryKey} done={() => setChosen([])} />)}
              {props.actions}
            </SpaceBetween>
          }
        >
          {title}
        </Header>
      }
      filter={(offered.length > 0 || props.children) && (
        <SpaceBetween size="m">
          {props.children}
          {offered.length > 0 && <FilterBar filters={offered} onChange={() => (setPage(0), setChosen([]))} />}
        </SpaceBetween>
      )}
      pagination={
        (pages.length > 1 || query.hasNextPage) && (
          <Pagination
            currentPageIndex={at + 1}
            pagesCount={pages.length}
            openEnd={query.hasNextPage}
            disabled={query.isFetchingNextPage}
            onChange={({ detail }) => {
              const wanted = detail.currentPageIndex - 1;
              if (wanted < pages.length) setPage(wanted);
              else void query.fetchNextPage().then(() => setPage(wanted));
            }}
          />
        )
      }
      empty={
        query.error ? (
          <Failed error={query.error} retry={() => void query.refetch()} busy={query.isFetching} />
        ) : filtered ? (
          <Nothing title="Nothing fits these filters"><ClearFilters keys={offered.map(({ key }) => key)} /></Nothing>
        ) : (
          <Nothing title={props.empty.title} action={props.empty.action}>{props.empty.text}</Nothing>
        )
      }
    />
  );
}

function definition<Row>(column: Column<Row>, open: ((row: Row) => string) | undefined): TableProps.ColumnDefinition<Row> {
  const { id, header, cell, width, numeric } = column;
  return {
    id,
    header: numeric ? <div className="right">{header}</div> : header,
    cell: (row) => {
      const shown = open ? <Go to={open(row)}>{cell(row)}</Go> : cell(row);
      return numeric ? <div className="num right">{shown}</div> : shown;
    },
    isRowHeader: Boolean(open),
    ...(width && { width }),
  };
}

function ClearFilters({ keys }: { keys: readonly string[] }) {
  const [, change] = useFilters();
  return <Button onClick={() => change(Object.fromEntries(keys.map((key) => [key, undefined])))}>Clear the filters</Button>;
}

function BulkButton<Row>({ bulk, rows, queryKey, done: finish }: { bulk: Bulk<Row>; rows: readonly Row[]; queryKey: QueryKey; done: () => void }) {
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const fitting = rows.filter((row) => bulk.fits?.(row) ?? true);
  const act = async () => {
    setBusy(true);
    if ("actAll" in bulk) {
      const done = await bulk.actAll(fitting).catch((failure: unknown) => void tell("error", wordsOf(failure)));
      setBusy(false);
      if (done) tell("success", done.said, done.undo);
      if (done) finish();
      return queries.invalidateQueries({ queryKey });
    }
    const failures: unknown[] = [];
    for (const row of fitting) await bulk.act(row).catch((failure: unknown) => failures.push(failure));
    setBusy(false);
    const went = fitting.length - failures.length;
    if (went) tell("success", `${bulk.label}: ${went} done.`);
    if (failures.length) tell("error", `${bulk.label}: ${failures.length} of ${fitting.length} refused. ${wordsOf(failures[0])}`);
    finish();
    return queries.invalidateQueries({ queryKey });
  };
  return <Button disabled={fitting.length === 0} loading={busy} onClick={() => void act()}>{bulk.label}{fitting.length ? ` (${fitting.length})` : ""}</Button>;
}

/** Everything that the filters let through, also what no page has shown yet. */
function Export<Row>({ csv, ask, columns, filters, disabled }: Pick<Props<Row>, "csv" | "ask" | "columns"> & { filters: Filters; disabled: boolean }) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      const rows: Row[] = [];
      let after: string | undefined;
      for (let page = 0; page < MOST_EXPORTED_PAGES; page += 1) {
        const answer = await ask(filters, after);
        rows.push(...answer.rows);
        if (!answer.next) break;
        after = answer.next;
      }
      const written = columns.filter(({ text }) => text);
      save(`${csv}.csv`, csvOf([written.map(({ header }) => header), ...rows.map((row) => written.map(({ text }) => text?.(row)))]));
    } catch (failure) {
      tell("error", wordsOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return <Button iconName="download" loading={busy} disabled={disabled} onClick={() => void run()}>CSV</Button>;
}

/** For pages that are a list among other things. */
export function Muted({ children }: { children: ReactNode }) {
  return <Box color="text-body-secondary" display="inline">{children}</Box>;
}
