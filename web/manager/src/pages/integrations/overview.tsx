/** Outside parties: how each connection stands, a test for each, what webhooks are behind with. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Action } from "../../parts/Action";
import { PageFrame } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { actor, Moment } from "../../parts/Shown";
import { Loaded, Nothing } from "../../parts/States";

type Connection = Schemas["ConnectionSeen"];
type Webhook = Schemas["WebhookSeen"];

const KEY = ["integrations"];
const REFRESH_MS = 20_000;
const LEVELS: Record<string, StatusIndicatorProps.Type> = { ok: "success", note: "info", warning: "warning", failed: "error" };
const OUTCOMES: Record<string, string> = { ok: "Works", warning: "Works, with a warning", failed: "Does not work" };

export default function Integrations() {
  const [, go] = useLocation();
  const query = useQuery({ queryKey: KEY, queryFn: () => got(api().GET("/integrations")), refetchInterval: REFRESH_MS });
  return (
    <PageFrame
      title="Integrations"
      description="Outside parties as the published programme has them. Keys are at Secrets Manager; nobody can read them here."
      actions={<Button onClick={() => go("/integrations/settings")}>Settings</Button>}
    >
      <Loaded query={query}>
        {({ connections, webhooks }) => (
          <SpaceBetween size="l">
            <ColumnLayout columns={2}>{connections.map((one) => <One key={one.name} connection={one} />)}</ColumnLayout>
            <Webhooks rows={webhooks} />
          </SpaceBetween>
        )}
      </Loaded>
    </PageFrame>
  );
}

function One({ connection }: { connection: Connection }) {
  const { check } = connection;
  return (
    <Container
      fitHeight
      header={
        <Header
          variant="h2"
          description={connection.where}
          actions={
            <Action
              label="Test connection"
              needs="POST /integrations/{connection}/test"
              act={() => got(api().POST("/integrations/{connection}/test", { params: { path: { connection: connection.name } } }))}
              done={(told) => `${connection.title}: ${(OUTCOMES[told.outcome] ?? told.outcome).toLowerCase()}.`}
              refresh={[KEY]}
            />
          }
        >
          {connection.kind === "webhook" ? `Webhook ${connection.title}` : connection.title}
        </Header>
      }
    >
      {check ? (
        <SpaceBetween size="xs">
          <StatusIndicator type={LEVELS[check.outcome] ?? "info"}>{OUTCOMES[check.outcome] ?? check.outcome}</StatusIndicator>
          {check.findings.map((one) => (
            <StatusIndicator key={one["code"]} type={LEVELS[one["level"] ?? ""] ?? "info"}>{one["detail"]}</StatusIndicator>
          ))}
          <Box color="text-body-secondary" fontSize="body-s">Tested by {actor(check.checked_by)}, <Moment at={check.checked_at} /></Box>
        </SpaceBetween>
      ) : (
        <Box color="text-body-secondary">Not tested yet.</Box>
      )}
    </Container>
  );
}

function Webhooks({ rows }: { rows: readonly Webhook[] }) {
  const stopped = rows.filter(({ state }) => state === "stopped");
  return (
    <Container header={<Header variant="h2" description="What happened is sent to other systems, signed, in order for each member." actions={<Go to="/integrations/deliveries">Delivery log</Go>}>Webhooks</Header>}>
      <SpaceBetween size="m">
        {stopped.length > 0 && <Alert type="warning">{stopped.map(({ code }) => code).join(", ")} took nothing for days and is not sent to. What happens is kept for 30 days. Mend it, test it, start it again.</Alert>}
        <Table
          variant="embedded"
          items={rows}
          ariaLabels={{ tableLabel: "Webhooks" }}
          empty={<Nothing title="No webhook">Add one in the settings: other systems hear of orders, parcels and levels within a minute.</Nothing>}
          columnDefinitions={[
            { id: "code", header: "Webhook", cell: (row) => <Go to={`/integrations/deliveries?webhook=${row.code}`}>{row.code}</Go> },
            { id: "state", header: "State", cell: (row) => <WebhookState row={row} /> },
            { id: "delivered", header: "Took an event", cell: (row) => <Moment at={row.delivered_at} /> },
            { id: "waiting", header: "Wait", cell: (row) => (row.waiting ? <>{number(row.waiting)}, the oldest since <Moment at={row.oldest_waiting_at} /></> : "Nothing") },
            { id: "given", header: "Given up", cell: (row) => number(row.given_up) },
            {
              id: "start",
              header: "Action",
              cell: (row) =>
                (row.state === "stopped" || row.failing_since) && (
                  <Action
                    label={row.state === "stopped" ? "Start again" : "Try now"}
                    needs="POST /integrations/webhooks/{code}/start"
                    act={() => got(api().POST("/integrations/webhooks/{code}/start", { params: { path: { code: row.code } } }))}
                    done="What waits goes out within a minute, in order."
                    refresh={[KEY]}
                  />
                ),
            },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}

function WebhookState({ row }: { row: Webhook }) {
  if (row.state === "stopped") return <StatusIndicator type="error">Stopped: {row.reason}</StatusIndicator>;
  if (row.state === "off") return <StatusIndicator type="stopped">Off</StatusIndicator>;
  if (row.failing_since) return <StatusIndicator type="warning">Fails since <Moment at={row.failing_since} /></StatusIndicator>;
  return <StatusIndicator type="success">Works</StatusIndicator>;
}
