/** Outside parties in the programme's draft: payment, Amazon Business, the ERP, webhooks. Secrets by name only. */
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { DraftPage } from "../../parts/DraftPage";
import { ChoiceField, DecimalField, ManyField, MoneyField, NumberField, TextField, ToggleField } from "../../parts/Form";
import { Rows } from "../../parts/Rows";

type Webhook = { code: string; url: string; topics: readonly string[]; secret: string; active: boolean };
type Integrations = {
  amazon_business: { connection: string; orders_per_second: number; burst: number; buying_group: string | null; purchase_order_prefix: string; secret: string | null };
  payment: { provider: "amazon_pay" | "stripe"; capture_at: "acceptance" | "shipment"; multicapture: boolean; write_off_minor: number; secret: string | null };
  erp: { endpoint: string; format: "json" | "ubl"; secret: string } | null;
  webhooks: readonly Webhook[];
};
type Part = { value: Integrations; set: (fields: Partial<Integrations>) => void; readOnly: boolean };

/** As loyalty/programme/schema/integrations.py has them; docs/webhooks.md says what each holds. */
const TOPICS: Record<string, string> = {
  "redemption.*": "Orders: everything", "redemption.confirmed": "An order was placed", "redemption.cancelled": "An order was cancelled",
  "redemption.failed": "An order came to nothing", "redemption.confirmation_asked": "An order must be confirmed",
  "shipment.*": "Parcels: everything", "shipment.shipped": "A parcel was shipped", "shipment.delayed": "A parcel is late",
  "shipment.out_for_delivery": "A parcel comes today", "shipment.delivered": "A parcel arrived", "shipment.undeliverable": "A parcel cannot be delivered",
  "shipment.sent_back": "A parcel was sent back", "units.*": "Units given back: everything", "units.cancelled": "Units will not come",
  "units.returned": "Units came back", "payment.*": "Money: everything", "payment.failed": "A payment failed", "payment.refunded": "Money was sent back",
  "points.*": "Points: everything", "points.earned": "Points of a day", "points.expiring": "Points will lapse", "points.redeemed": "Points were spent",
  "points.returned": "Points came back", "points.adjusted": "Points were corrected", "member.*": "Members: everything", "member.closing": "A member is leaving",
  "member.closed": "A member has left", "member.merged": "Two memberships became one", "member.tier_changed": "A level changed",
  "member.blocked": "A member was blocked", "member.unblocked": "A member was unblocked", "case.*": "Cases: everything", "case.opened": "A case was opened",
  "case.message": "A case was answered", "case.decided": "A case was decided", "document.*": "Documents: everything", "document.ready": "A document is ready",
  "invoice.*": "Amazon's invoices: everything", "invoice.posted": "The ERP has posted an invoice", "invoice.review_opened": "An invoice waits for a person",
};

export default function Settings() {
  return (
    <DraftPage<Integrations>
      section="integrations"
      title="Settings of integrations"
      description="They work once the draft is published. Keys are put into Secrets Manager by operators, and only named here."
    >
      {(value, change, _, readOnly) => {
        const part: Part = { value, readOnly, set: (fields) => change((before) => ({ ...before, ...fields })) };
        return (
          <SpaceBetween size="l">
            <Payment {...part} />
            <AmazonBusiness {...part} />
            <Erp {...part} />
            <Webhooks {...part} />
          </SpaceBetween>
        );
      }}
    </DraftPage>
  );
}

function Payment({ value: { payment }, set, readOnly }: Part) {
  const change = (fields: Partial<Integrations["payment"]>) => set({ payment: { ...payment, ...fields } });
  return (
    <Container header={<Header variant="h2" description="Who takes the members' money, and when.">Payment</Header>}>
      <ColumnLayout columns={2}>
        <ChoiceField name="integrations.payment.provider" label="Provider" value={payment.provider} onChange={(provider) => change({ provider: provider as "stripe" })} disabled={readOnly} options={[{ value: "amazon_pay", label: "Amazon Pay" }, { value: "stripe", label: "Stripe" }]} />
        <ChoiceField name="integrations.payment.capture_at" label="The money is taken" value={payment.capture_at} onChange={(capture_at) => change({ capture_at: capture_at as "shipment" })} disabled={readOnly} options={[{ value: "shipment", label: "with each parcel" }, { value: "acceptance", label: "when Amazon accepts the order" }]} />
        <MoneyField name="integrations.payment.write_off_minor" label="Not worth running after" value={payment.write_off_minor} onChange={(write_off_minor) => change({ write_off_minor: write_off_minor ?? 0 })} disabled={readOnly} />
        <ToggleField name="integrations.payment.multicapture" label="Stripe takes a reservation in parts" hint="Only if Stripe enabled multicapture for the account." value={payment.multicapture} onChange={(multicapture) => change({ multicapture })} disabled={readOnly} />
      </ColumnLayout>
    </Container>
  );
}

function AmazonBusiness({ value: { amazon_business: buying }, set, readOnly }: Part) {
  const change = (fields: Partial<Integrations["amazon_business"]>) => set({ amazon_business: { ...buying, ...fields } });
  return (
    <Container header={<Header variant="h2" description="The connection that orders are placed by. Its limits are Amazon's.">Amazon Business</Header>}>
      <ColumnLayout columns={2}>
        <TextField name="integrations.amazon_business.buying_group" label="Buying group" value={buying.buying_group ?? ""} onChange={(group) => change({ buying_group: group || null })} disabled={readOnly} constraint="Empty: the account as a whole." />
        <TextField name="integrations.amazon_business.purchase_order_prefix" label="Prefix of purchase orders" value={buying.purchase_order_prefix} onChange={(prefix) => change({ purchase_order_prefix: prefix.toUpperCase() })} disabled={readOnly} constraint="Up to ten capitals, digits and hyphens." />
        <TextField name="integrations.amazon_business.connection" label="Connection" value={buying.connection} onChange={(connection) => change({ connection })} disabled={readOnly} constraint="Programmes of one connection share its rate." />
        <ColumnLayout columns={2}>
          <DecimalField name="integrations.amazon_business.orders_per_second" label="Orders a second" digits={2} value={buying.orders_per_second} onChange={(rate) => change({ orders_per_second: rate ?? 0 })} disabled={readOnly} />
          <NumberField name="integrations.amazon_business.burst" label="At once" value={buying.burst} onChange={(burst) => change({ burst: burst ?? 0 })} disabled={readOnly} />
        </ColumnLayout>
      </ColumnLayout>
    </Container>
  );
}

function Erp({ value: { erp }, set, readOnly }: Part) {
  const change = (fields: Partial<NonNullable<Integrations["erp"]>>) => erp && set({ erp: { ...erp, ...fields } });
  return (
    <Container header={<Header variant="h2" description="Where finance's system listens.">ERP</Header>}>
      <SpaceBetween size="l">
        <ToggleField name="integrations.erp.[set]" label="There is an ERP" value={erp !== null} onChange={(on) => set({ erp: on ? { endpoint: "https://", format: "json", secret: "" } : null })} disabled={readOnly} />
        {erp && (
          <ColumnLayout columns={2}>
            <TextField name="integrations.erp.endpoint" label="Address" type="url" value={erp.endpoint} onChange={(endpoint) => change({ endpoint })} disabled={readOnly} />
            <ChoiceField name="integrations.erp.format" label="Format" value={erp.format} onChange={(format) => change({ format: format as "json" })} disabled={readOnly} options={[{ value: "json", label: "JSON" }, { value: "ubl", label: "UBL (XML)" }]} />
            <TextField name="integrations.erp.secret" label="Name of its secret" value={erp.secret} onChange={(secret) => change({ secret })} disabled={readOnly} constraint="Below loyalty/<environment>/outside/ at Secrets Manager: JSON with the host of this address and the token." />
          </ColumnLayout>
        )}
      </SpaceBetween>
    </Container>
  );
}

function Webhooks({ value: { webhooks }, set, readOnly }: Part) {
  return (
    <Container header={<Header variant="h2" description="Events for other systems, signed. They are sent within a minute, again until they are taken.">Webhooks</Header>}>
      <Rows<Webhook>
        rows={webhooks}
        onChange={(rows) => set({ webhooks: rows })}
        fresh={() => ({ code: "", url: "https://", topics: [], secret: "", active: true })}
        add="Add a webhook"
        noun="webhook"
        disabled={readOnly}
        empty="No other system hears of anything."
        draw={(row, put, index) => {
          const place = `integrations.webhooks.${index}`;
          return (
            <Box>
              <ColumnLayout columns={2}>
                <TextField name={`${place}.code`} label="Code" value={row.code} onChange={(code) => put({ ...row, code })} disabled={readOnly} constraint="Small letters, digits, hyphens: what it is called in the log." />
                <TextField name={`${place}.url`} label="Address" type="url" value={row.url} onChange={(url) => put({ ...row, url })} disabled={readOnly} constraint="https, a public host, port 443." />
                <ManyField name={`${place}.topics`} label="Events" value={row.topics} onChange={(topics) => put({ ...row, topics })} disabled={readOnly} options={Object.entries(TOPICS).map(([value, label]) => ({ value, label, description: value }))} />
                <TextField name={`${place}.secret`} label="Name of its secret" value={row.secret} onChange={(secret) => put({ ...row, secret })} disabled={readOnly} constraint="Below loyalty/<environment>/outside/ at Secrets Manager: whsec_ and the key." />
                <ToggleField name={`${place}.active`} label="On" value={row.active} onChange={(active) => put({ ...row, active })} disabled={readOnly} />
              </ColumnLayout>
            </Box>
          );
        }}
      />
    </Container>
  );
}
