/** A month's close: how the outstanding points, and the money for them, got from its beginning to its end; each figure opened. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { now } from "@shared/now";
import { number } from "@shared/shown";
import { api, ask, got } from "../../api";
import { Action } from "../../parts/Action";
import { save } from "../../parts/csv";
import { PageFrame } from "../../parts/DetailPage";
import { useFilters } from "../../parts/filters";
import { Loaded } from "../../parts/States";
import { Money } from "../../parts/Shown";
import { monthName } from "../invoices/invoices";
import { Opened } from "./opened";
import { type Close, type Figure, FIGURES, KEY, minorOf } from "./words";

const MONTHS = 24;

/** The newest first, with the one that is under way. */
function months(): string[] {
  const today = new Date(now());
  return Array.from({ length: MONTHS }, (_, back) => new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1)).toISOString().slice(0, 7));
}

export default function ClosePage() {
  const [filters, change] = useFilters();
  const known = months();
  const month = /^20\d\d-(0[1-9]|1[0-2])$/.test(filters.month ?? "") ? filters.month! : known[1]!;
  const figure = FIGURES.find((one) => one.figure === filters.figure)?.figure;
  const options = [...new Set([...known, month])].sort().reverse().map((value) => ({ value, label: monthName(value) }));
  const query = useQuery({ queryKey: [KEY, month], queryFn: () => got(api().GET("/finance/months/{month}/close", { params: { path: { month } } })) });
  return (
    <PageFrame
      title="Month close"
      description="How the points that are out, and the deferred revenue for them, got from the month's beginning to its end. Each figure opens down to one lot of one member."
      actions={<Action label="CSV file" icon="download" needs="GET /finance/months/{month}/close.csv" act={async () => save(`close-${month}.csv`, await (await ask("GET", `/finance/months/${month}/close.csv`)).blob())} done="Saved: the figures, and the movements of each." />}
    >
      <SpaceBetween size="l">
        <FormField label="Month">
          <Select
            selectedOption={options.find(({ value }) => value === month) ?? null}
            options={options}
            onChange={({ detail }) => change({ month: detail.selectedOption.value, figure: undefined, day: undefined })}
          />
        </FormField>
        <Loaded query={query}>
          {(close) => (
            <SpaceBetween size="l">
              <Standing close={close} />
              <Figures close={close} chosen={figure} choose={(one) => change({ month, figure: one, day: undefined })} />
              {figure && <Opened key={`${month} ${figure}`} month={month} figure={figure} day={filters.day} choose={(day) => change({ day })} />}
            </SpaceBetween>
          )}
        </Loaded>
      </SpaceBetween>
    </PageFrame>
  );
}

/** Whether these figures can still change, and whether all of them can be opened. */
function Standing({ close }: { close: Close }) {
  return (
    <SpaceBetween size="xs">
      {close.final ? <StatusIndicator type="success">Every day is locked: these figures stay.</StatusIndicator> : <StatusIndicator type="pending">Not every day is locked: these figures can change.</StatusIndicator>}
      {close.waiting > 0 && <StatusIndicator type="in-progress">{`${number(close.waiting)} ${close.waiting === 1 ? "booking is" : "bookings are"} not in them yet. They are within a minute or two.`}</StatusIndicator>}
      {close.currency === null && <StatusIndicator type="info">No rate has been approved: points have no money yet.</StatusIndicator>}
      {!close.opened && <Alert type="info">Some points were booked before the books kept whose lots they moved. They are in the figures, and missing among the lots.</Alert>}
      {close.accounting_model === "redemption_cost" && <Alert type="info">The general ledger is posted by the cost of redemptions. The money here is the other book's, deferred revenue.</Alert>}
    </SpaceBetween>
  );
}

function Figures({ close, chosen, choose }: { close: Close; chosen: Figure | undefined; choose: (figure: Figure) => void }) {
  return (
    <Table
      items={[...FIGURES]}
      trackBy="figure"
      ariaLabels={{ tableLabel: "Figures of the month" }}
      header={<Header variant="h2">{monthName(close.month)}</Header>}
      wrapLines
      columnDefinitions={[
        {
          id: "figure",
          header: "Figure",
          isRowHeader: true,
          cell: ({ figure, sign, label }) => (
            <>
              <Box display="inline" color="text-body-secondary" margin={{ right: "xs" }}>{sign}</Box>
              <Link ariaLabel={`Open ${label}`} onFollow={() => choose(figure)} fontSize={figure === chosen ? "heading-s" : "body-m"}>{label}</Link>
            </>
          ),
        },
        { id: "points", header: "Points", cell: ({ figure }) => <span className="num">{number(close[figure])}</span> },
        { id: "money", header: "Deferred revenue", cell: ({ figure }) => <Money minor={minorOf(close, figure)} currency={close.currency} /> },
        { id: "about", header: "What it is", cell: ({ about }) => about },
      ]}
    />
  );
}
