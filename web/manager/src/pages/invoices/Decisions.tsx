/** What a person may do with an invoice now. What the API would refuse is not offered, and the page says why. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import { useState } from "react";
import { api, got } from "../../api";
import { Action, AskingAction } from "../../parts/Action";
import { AreaField } from "../../parts/Form";
import { fieldName, KEY, type Whole } from "./shown";

type Decision = "approve" | "approve_difference" | "refuse" | "take_back";

const REFRESH = [KEY, ["cases"], ["erp"]];

export function Decisions({ whole, dirty }: { whole: Whole; dirty: boolean }) {
  const [reason, setReason] = useState("");
  const can = (decision: Decision) => whole.actions.includes(decision);
  const decide = (decision: Decision) => (key: string) =>
    got(api().POST("/invoices/{invoice_id}/decision", {
      params: { path: { invoice_id: whole.invoice_id }, header: { "Idempotency-Key": key } },
      body: { decision, revision: whole.revision, ...(reason.trim() && { reason: reason.trim() }) },
    }));
  const shared = { needs: "POST /invoices/{invoice_id}/decision" as const, refresh: REFRESH, after: () => setReason("") };
  const why = (label: string, constraint: string) => <AreaField name="reason" label={label} value={reason} onChange={setReason} stretch constraint={constraint} />;
  return (
    <>
      {can("take_back") && (
        <AskingAction {...shared} label="Take back" title="Look at it again" confirm="Take back" act={decide("take_back")} values={reason} done="It waits for a person again." >
          <Box>{whole.state === "refused" ? "It was refused." : "It was approved, and the ERP has not been sent it yet."} Taken back, it is compared with its order anew and waits for a person.</Box>
        </AskingAction>
      )}
      {can("refuse") && (
        <AskingAction {...shared} label="Refuse" title="Refuse the invoice" ready={reason.trim().length > 0} act={decide("refuse")} values={reason} done="Refused: it does not go to the ERP.">
          {why("Why", "Kept with the invoice. The vendor is not told by this.")}
        </AskingAction>
      )}
      {can("approve_difference") && (
        <AskingAction
          {...shared}
          label="Approve with difference"
          title="Approve it although something differs"
          confirm="Approve with difference"
          ready={reason.trim().length > 0}
          disabled={dirty}
          act={decide("approve_difference")}
          values={reason}
          done="Approved as it is: it goes to the ERP."
        >
          <Alert type="warning" header="It is booked with these differences">
            <ul className="doubts">{whole.findings.map((one, index) => <li key={index}>{one.field && `${fieldName(one.field)}: `}{one.words}</li>)}</ul>
          </Alert>
          {why("Why it may be booked so", "Kept with the invoice. Who corrected it cannot approve it so: two persons look at what differs.")}
        </AskingAction>
      )}
      {can("approve") && <Action {...shared} label="Approve" variant={dirty ? "normal" : "primary"} disabled={dirty} act={decide("approve")} done="Approved: it goes to the ERP." />}
    </>
  );
}
