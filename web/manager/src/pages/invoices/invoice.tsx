/** One invoice: the paper beside its values, the match, the way to the ERP, who did what. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { api, got } from "../../api";
import { DetailPage } from "../../parts/DetailPage";
import { kindOf, InvoiceState, KEY, type Whole } from "./shown";
import { whole } from "./whole";

const REFRESH_MS = 15_000;

export default function InvoicePage() {
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: [...KEY, id],
    queryFn: () => got(api().GET("/invoices/{invoice_id}", { params: { path: { invoice_id: id } } })),
    refetchInterval: ({ state }) => (state.data?.state === "approved" ? REFRESH_MS : false),
  });
  return (
    <DetailPage<Whole>
      query={query}
      from={{ label: "Invoices", path: "/invoices" }}
      title={(found) => `${kindOf(numbered(found)["kind"])} ${numbered(found)["number"] ?? "without a number"}`}
      description={(found) => <InvoiceState code={found.state} />}
      sections={whole}
    />
  );
}

const numbered = (found: Whole) => (found.content ?? found.draft) as { kind?: string; number?: string };
