/** The review of an invoice where its case is. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { api, got } from "../../api";
import { may } from "../../may";
import { Loaded } from "../../parts/States";
import { Match } from "./Match";
import { Panel } from "./Panel";
import { currencyOf, KEY } from "./shown";

export function InvoiceCase({ id }: { id: string }) {
  const allowed = may("GET /invoices/{invoice_id}");
  const query = useQuery({ queryKey: [...KEY, id], queryFn: () => got(api().GET("/invoices/{invoice_id}", { params: { path: { invoice_id: id } } })), enabled: allowed });
  if (!allowed) return <Alert type="info">Finance, or the business operator, compares the invoice with its order and decides.</Alert>;
  return (
    <Loaded query={query}>
      {(found) => (
        <SpaceBetween size="l">
          <Panel whole={found} />
          <Container header={<Header variant="h2">Ordered, shipped, invoiced</Header>}><Match rows={found.matches} currency={currencyOf(found)} /></Container>
        </SpaceBetween>
      )}
    </Loaded>
  );
}
