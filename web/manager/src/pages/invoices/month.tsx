/** One month: its sums, and the orders that explain the difference. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { may } from "../../may";
import { DetailPage, type Section } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { Moment, Money } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { monthName } from "./invoices";
import { Difference } from "./months";
import { KEY } from "./shown";

type Month = Schemas["MonthWhole"];

export default function MonthPage() {
  const { month = "" } = useParams();
  const query = useQuery({ queryKey: [...KEY, "months", month], queryFn: () => got(api().GET("/invoices/months/{month}", { params: { path: { month } } })) });
  return (
    <DetailPage<Month>
      query={query}
      from={{ label: "Invoices by month", path: "/invoices/months" }}
      title={({ month: one }) => monthName(one.month)}
      description={({ month: one }) => <Difference minor={one.difference_minor} currency={one.currency} />}
      sections={(found) => [sums(found), differences(found)]}
    />
  );
}

function sums({ month }: Month): Section {
  return {
    title: "Sums",
    pairs: [
      ["Invoices", number(month.invoices)],
      ["Credit memos", number(month.credit_memos)],
      ["Need a person", month.waiting ? <Go key="waiting" to={`/invoices?state=review&month=${month.month}`}>{number(month.waiting)}</Go> : "None"],
      ["Invoiced, less credited", <Money key="invoiced" minor={month.invoiced_minor} currency={month.currency} />],
      ["Charged by Amazon", <Money key="charged" minor={month.charged_minor} currency={month.currency} />],
      ["Difference", <Difference key="difference" minor={month.difference_minor} currency={month.currency} />],
      ["Amazon was asked", month.asked_at && <Moment key="asked" at={month.asked_at} />],
    ],
  };
}

function differences({ month, differences: rows }: Month): Section {
  const { currency } = month;
  return {
    title: "Orders that differ",
    content: (
      <Table
        variant="embedded"
        wrapLines
        items={rows}
        trackBy="amazon_order_id"
        ariaLabels={{ tableLabel: "Orders that differ" }}
        empty={month.charged_minor === null ? <Nothing title="Not compared yet">The month is compared once it has ended.</Nothing> : <Nothing title="Every order was charged as it was invoiced" />}
        columnDefinitions={[
          { id: "order", header: "Amazon's order", isRowHeader: true, cell: (row) => (row.redemption_id && may("GET /redemptions/{redemption_id}") ? <Go to={`/orders/${row.redemption_id}`}>{row.amazon_order_id}</Go> : row.amazon_order_id) },
          { id: "charged", header: "Charged", cell: (row) => <Money minor={row.charged_minor} currency={currency} /> },
          { id: "invoiced", header: "Invoiced", cell: (row) => <Money minor={row.invoiced_minor} currency={currency} /> },
          { id: "difference", header: "Difference", cell: (row) => <StatusIndicator type="warning"><Money minor={row.difference_minor} currency={currency} /></StatusIndicator> },
          { id: "words", header: "What it is", cell: (row) => row.words },
          { id: "invoices", header: "Invoices", cell: (row) => <Go to={`/invoices?order=${row.amazon_order_id}`}>Look</Go> },
        ]}
      />
    ),
  };
}
