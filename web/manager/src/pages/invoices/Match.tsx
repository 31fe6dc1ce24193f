/** Three papers side by side: what was ordered, what was shipped, what is invoiced. */
import Box from "@cloudscape-design/components/box";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { money, number } from "@shared/shown";
import { may } from "../../may";
import { Go } from "../../parts/Go";
import { Nothing } from "../../parts/States";
import { short } from "../members/words";
import type { Schemas } from "../../api";

type Row = Schemas["MatchView"];

export function Match({ rows, currency }: { rows: readonly Row[]; currency: string }) {
  const price = (minor: number | null | undefined) => (minor === null || minor === undefined ? "–" : money(minor, currency));
  return (
    <Table<Row>
      variant="embedded"
      wrapLines
      items={rows}
      trackBy={(row) => String(row.line)}
      ariaLabels={{ tableLabel: "Ordered, shipped, invoiced" }}
      empty={<Nothing title="Nothing to compare">Lines of goods are compared with their orders once the invoice is complete.</Nothing>}
      columnDefinitions={[
        { id: "line", header: "Line", cell: (row) => row.line + 1, width: 60 },
        {
          id: "product",
          header: "Product and order",
          isRowHeader: true,
          cell: (row) => (
            <>
              <div>{row.asin ?? "No ASIN"}</div>
              <Box color="text-body-secondary" fontSize="body-s">
                {row.amazon_order_id ?? "No order"}
                {row.redemption_id && <>{" · "}{may("GET /redemptions/{redemption_id}") ? <Go to={`/orders/${row.redemption_id}`}>{short(row.redemption_id)}</Go> : short(row.redemption_id)}</>}
              </Box>
            </>
          ),
        },
        { id: "ordered", header: right("Ordered"), cell: (row) => <Cell quantity={row.ordered_quantity} price={price(row.ordered_unit_price_minor)} />, width: 150 },
        { id: "shipped", header: right("Shipped"), cell: (row) => <Cell quantity={row.shipped_quantity} wrong={differs(row.shipped_quantity, total(row))} />, width: 120 },
        {
          id: "invoiced",
          header: right("Invoiced"),
          cell: (row) => (
            <Cell
              quantity={row.invoiced_quantity}
              price={price(row.invoiced_unit_price_minor)}
              before={row.invoiced_before}
              wrong={differs(row.shipped_quantity, total(row))}
              wrongPrice={row.ordered_unit_price_minor !== null && row.invoiced_unit_price_minor !== null && row.ordered_unit_price_minor !== row.invoiced_unit_price_minor}
            />
          ),
          width: 170,
        },
        { id: "words", header: "Compared", cell: (row) => <Said row={row} />, width: 300 },
      ]}
    />
  );
}

const total = (row: Row) => (row.invoiced_quantity === null ? null : row.invoiced_quantity + (row.invoiced_before ?? 0));
const differs = (shipped: number | null, invoiced: number | null) => shipped !== null && invoiced !== null && invoiced > shipped;
const right = (words: string) => <div className="right">{words}</div>;

function Cell({ quantity, price, before, wrong = false, wrongPrice = false }: { quantity: number | null; price?: string; before?: number | null; wrong?: boolean; wrongPrice?: boolean }) {
  return (
    <div className="num right">
      <div className={wrong ? "differs" : ""}>{quantity === null ? "–" : number(quantity)}{before ? <small> + {number(before)} before</small> : null}</div>
      {price && <small className={wrongPrice ? "differs" : ""}>{price} each</small>}
    </div>
  );
}

function Said({ row }: { row: Row }) {
  if (row.findings.length === 0) return row.redemption_id ? <StatusIndicator type="success">As ordered and shipped</StatusIndicator> : <StatusIndicator type="pending">Not compared</StatusIndicator>;
  return <>{row.findings.map((one, index) => <div key={index}><StatusIndicator type="error">{one.words}</StatusIndicator></div>)}</>;
}
