/** Two memberships of one person become one: which, what would happen, and why. A second person sees the same and decides. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Wizard from "@cloudscape-design/components/wizard";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { date, day, number } from "@shared/shown";
import { api, got, newKey, type Schemas } from "../../api";
import { Action } from "../../parts/Action";
import { PageFrame } from "../../parts/DetailPage";
import { useFilters } from "../../parts/filters";
import { AreaField, Form, TextField } from "../../parts/Form";
import { Intention } from "../../parts/intention";
import { State } from "../../parts/Shown";
import { Loaded } from "../../parts/States";
import { tell } from "../../tell";
import { SIGN_IN } from "./words";

type Preview = Schemas["MergePreview"];

const usePreview = (survivor: string, duplicate: string) =>
  useQuery({
    queryKey: ["merge", survivor, duplicate],
    queryFn: () => got(api().GET("/members/{member_number}/merge-preview", { params: { path: { member_number: survivor }, query: { duplicate } } })),
    enabled: duplicate !== "",
    retry: false,
  });

export default function Merge() {
  const { number: survivor = "" } = useParams();
  const [{ duplicate = "", merge }] = useFilters();
  return merge ? <Decide survivor={survivor} duplicate={duplicate} merge={merge} /> : <Ask survivor={survivor} />;
}

function Ask({ survivor }: { survivor: string }) {
  const [, go] = useLocation();
  const [step, setStep] = useState(0);
  const [typed, setTyped] = useState("");
  const [wanted, setWanted] = useState("");
  const [reason, setReason] = useState("");
  const preview = usePreview(survivor, wanted);
  const [intention] = useState(() => new Intention(newKey));
  const asking = useMutation({
    mutationFn: () => got(api().POST("/members/{member_number}/merges", {
      params: { path: { member_number: survivor }, header: { "Idempotency-Key": intention.keyFor([wanted, reason]) } },
      body: { duplicate: wanted, reason: reason.trim() },
    })),
    onSuccess: () => {
      tell("success", "It waits for a second person, under Merges.");
      go(`/members/${survivor}`);
    },
  });
  const next = async (to: number) => {
    if (to === 1 && typed.trim()) setWanted(typed.trim());
    if (to === 1 && !typed.trim()) return;
    if (to === 2 && (!preview.data || preview.data.obstacles.length > 0)) return;
    setStep(to);
  };
  return (
    <Wizard
      i18nStrings={{
        stepNumberLabel: (at) => `Step ${at}`,
        collapsedStepsLabel: (at, all) => `Step ${at} of ${all}`,
        navigationAriaLabel: "Steps",
        cancelButton: "Cancel",
        previousButton: "Back",
        nextButton: "Next",
        submitButton: "Ask a second person",
        optional: "optional",
      }}
      activeStepIndex={step}
      isLoadingNextStep={asking.isPending || preview.isFetching}
      onNavigate={({ detail }) => void next(detail.requestedStepIndex)}
      onCancel={() => go(`/members/${survivor}`)}
      onSubmit={() => reason.trim() && asking.mutate()}
      steps={[
        {
          title: "Which is the duplicate",
          description: `All of it becomes part of ${survivor}, which stays.`,
          content: (
            <Container>
              <Form onSubmit={() => void next(1)}>
                <TextField name="duplicate" label="The duplicate's number" value={typed} onChange={setTyped} constraint="The membership that ends. Its number leads to the other one from then on." />
              </Form>
            </Container>
          ),
        },
        { title: "What would happen", content: <Loaded query={preview}>{(found) => <Both found={found} />}</Loaded> },
        {
          title: "How you know",
          content: (
            <Container>
              <Form failure={asking.error}>
                <AreaField name="reason" label="How you know that they are one person" value={reason} onChange={setReason} stretch constraint="The second person reads it." />
              </Form>
            </Container>
          ),
        },
      ]}
    />
  );
}

function Decide({ survivor, duplicate, merge }: { survivor: string; duplicate: string; merge: string }) {
  const [, go] = useLocation();
  const preview = usePreview(survivor, duplicate);
  const decide = (decision: "approve" | "decline") => got(api().POST("/merges/{merge_id}/approval", { params: { path: { merge_id: merge } }, body: { decision } }));
  const shared = { needs: "POST /merges/{merge_id}/approval" as const, refresh: [["merges"], ["member"], ["cases"]] as const, after: () => go("/merges") };
  return (
    <PageFrame
      title={`${duplicate} becomes part of ${survivor}`}
      from={{ label: "Merges", path: "/merges" }}
      actions={
        <>
          <Action label="Decline" act={() => decide("decline")} done="Declined: both stay as they are." {...shared} />
          <Action label="Approve" variant="primary" disabled={!preview.data || preview.data.obstacles.length > 0} act={() => decide("approve")} done="They are one membership now." {...shared} />
        </>
      }
    >
      <Loaded query={preview}>{(found) => <Both found={found} />}</Loaded>
    </PageFrame>
  );
}

function Both({ found }: { found: Preview }) {
  const { duplicate, survivor, obstacles } = found;
  return (
    <SpaceBetween size="l">
      {obstacles.length > 0 && (
        <Alert type="error" header="Not yet">
          {obstacles.map((one) => <div key={one.code}>{one.words}</div>)}
        </Alert>
      )}
      <ColumnLayout columns={2}>
        <One title="Ends" one={duplicate} />
        <One title="Stays" one={survivor} />
      </ColumnLayout>
      <Container header={<Header variant="h2">Then</Header>}>
        <ul>
          <li>{number(duplicate.available)} points move and keep their last good day; the one that stays has {number(duplicate.available - duplicate.debt + survivor.available)}.</li>
          {duplicate.pending > 0 && <li>{number(duplicate.pending)} pending points follow on their day.</li>}
          {duplicate.debt > 0 && <li>{number(duplicate.debt)} points it owes are paid.</li>}
          <li>{number(duplicate.redemptions)} orders and {number(duplicate.cases)} cases are found with the one that stays.</li>
          <li>{SIGN_IN[found.sign_in]}</li>
          <li>{duplicate.member_number} leads to {survivor.member_number} from then on, also for partners. It cannot be undone.</li>
        </ul>
      </Container>
    </SpaceBetween>
  );
}

function One({ title, one }: { title: string; one: Preview["duplicate"] }) {
  return (
    <Container fitHeight header={<Header variant="h2">{title}: {one.member_number}</Header>}>
      <KeyValuePairs
        columns={2}
        items={[
          { label: "Name", value: one.full_name ?? "–" },
          { label: "State", value: <State code={one.state} /> },
          { label: "E-mail", value: one.email || "–" },
          { label: "Telephone", value: one.phone ?? "–" },
          { label: "Member since", value: day(one.member_since) },
          { label: "Sign-in", value: one.sign_in ? "Yes" : "None" },
          { label: "Points", value: number(one.available) },
          { label: "Orders, cases", value: `${number(one.redemptions)}, ${number(one.cases)}` },
          { label: "Lots", value: one.lots.length ? <>{one.lots.slice(0, 6).map((lot) => <Box key={lot.expires_on ?? "never"}>{number(lot.amount)} until {lot.expires_on ? date(lot.expires_on) : "ever"}</Box>)}</> : "None" },
        ]}
      />
    </Container>
  );
}
