/** Months side by side: what was invoiced, and what Amazon charged. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { money, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { config } from "../../config";
import { Bars } from "../../parts/Chart";
import { PageFrame } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { Money } from "../../parts/Shown";
import { Loaded, Nothing } from "../../parts/States";
import { monthName } from "./invoices";
import { KEY } from "./shown";

type Month = Schemas["MonthSeen"];

export default function Months() {
  const query = useQuery({ queryKey: [...KEY, "months"], queryFn: () => got(api().GET("/invoices/months")) });
  return (
    <PageFrame title="Invoices by month" description="A month is closed by Amazon's own list of charges: what it charged and nobody invoiced stands out, and the other way round." from={{ label: "Invoices", path: "/invoices" }}>
      <Loaded query={query}>
        {({ months }) => (
          <SpaceBetween size="l">
            <Picture months={months.filter(({ currency }) => currency === config().currency)} />
            <List months={months} />
          </SpaceBetween>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Picture({ months }: { months: readonly Month[] }) {
  const { currency } = config();
  const newest = months[0];
  if (!newest) return null;
  const oldestFirst = before(newest.month).map((month) => months.find((one) => one.month === month) ?? { month, invoiced_minor: 0, charged_minor: 0 });
  return (
    <Container header={<Header variant="h2">Invoiced and charged</Header>}>
      <Bars
        label="What was invoiced and what was charged in each month"
        yTitle={currency}
        shown={(minor) => money(minor, currency)}
        series={[
          { title: "Invoiced, less what was credited", data: oldestFirst.map((one) => [monthName(one.month), one.invoiced_minor]) },
          { title: "Charged by Amazon", data: oldestFirst.map((one) => [monthName(one.month), one.charged_minor ?? 0]) },
        ]}
      />
    </Container>
  );
}

/** A month and the five before it, the oldest first. */
function before(month: string): string[] {
  const [year, number] = month.split("-").map(Number) as [number, number];
  return Array.from({ length: 6 }, (_, back) => new Date(Date.UTC(year, number - 1 - 5 + back, 1)).toISOString().slice(0, 7));
}

function List({ months }: { months: readonly Month[] }) {
  return (
    <Table<Month>
      items={months}
      trackBy={({ month, currency }) => month + currency}
      ariaLabels={{ tableLabel: "Months" }}
      empty={<Nothing title="No month has an invoice yet">A month appears with its first invoice, and is compared with Amazon's charges from the day after it has ended.</Nothing>}
      header={<Header variant="h2">Months</Header>}
      columnDefinitions={[
        { id: "month", header: "Month", isRowHeader: true, cell: (row) => <Go to={`/invoices/months/${row.month}`}>{monthName(row.month)}</Go> },
        { id: "invoices", header: "Invoices", cell: (row) => `${number(row.invoices)}${row.credit_memos ? ` and ${number(row.credit_memos)} ${row.credit_memos === 1 ? "credit memo" : "credit memos"}` : ""}` },
        { id: "waiting", header: "Need a person", cell: (row) => (row.waiting ? <Go to={`/invoices?state=review&month=${row.month}`}>{number(row.waiting)}</Go> : "None") },
        { id: "invoiced", header: "Invoiced", cell: (row) => <Money minor={row.invoiced_minor} currency={row.currency} /> },
        { id: "charged", header: "Charged", cell: (row) => <Money minor={row.charged_minor} currency={row.currency} /> },
        { id: "difference", header: "Difference", cell: (row) => <Difference minor={row.difference_minor} currency={row.currency} /> },
      ]}
    />
  );
}

export function Difference({ minor, currency }: { minor: number | null; currency: string }) {
  if (minor === null) return <StatusIndicator type="pending">Not compared yet</StatusIndicator>;
  if (minor === 0) return <StatusIndicator type="success">None</StatusIndicator>;
  return <StatusIndicator type="warning">{money(minor, currency)}</StatusIndicator>;
}
