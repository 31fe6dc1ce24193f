/** How good the forecasts are: night by night beside repeating the past, model by model, and back to one that was good. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { day, moment, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { AskingAction } from "../../parts/Action";
import { DetailPage } from "../../parts/DetailPage";
import { Nothing } from "../../parts/States";
import { actor, Moment } from "../../parts/Shown";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import { Picture } from "./picture";
import { asOf, DEMAND, Doubts, NoNight, share, trusted } from "./shown";
import { errors } from "./spec";

type Health = Schemas["Health"];
type Model = Schemas["ModelSeen"];
type NightPast = Schemas["NightPast"];

const KEY = [...DEMAND, "health"];
const MODELS: Record<Model["state"], [StatusIndicatorProps.Type, string]> = {
  current: ["success", "Forecasts now"],
  previous: ["stopped", "Was good, replaced"],
  refused: ["error", "Not good enough"],
  candidate: ["pending", "Being measured"],
};
const NIGHTS: Record<NightPast["state"], [StatusIndicatorProps.Type, string]> = {
  current: ["success", "Shown"],
  superseded: ["stopped", "Followed by another"],
  loading: ["in-progress", "Comes in"],
  stopped: ["error", "Did not come to its end"],
};

export default function HealthPage() {
  const query = useQuery({ queryKey: KEY, queryFn: () => got(api().GET("/demand/health")) });
  return (
    <DetailPage<Health>
      query={query}
      from={{ label: "Forecast", path: "/demand/forecast" }}
      title={() => "Model health"}
      description={(told) => asOf(told.night)}
      sections={(told) => [
        { title: "How good it is", bare: true, content: told.night ? <Goodness told={told} /> : <NoNight what="Here stands how good the forecasts are, night by night and model by model, and the way back to an earlier model." /> },
        (told.models.length > 0 || told.night) && { title: "Models", bare: true, content: <Models models={told.models} /> },
        told.nights.length > 0 && { title: "Nights", bare: true, content: <Nights nights={told.nights} /> },
      ]}
    />
  );
}

function Goodness({ told }: { told: Health }) {
  const spec = useMemo(() => errors(told.nights), [told.nights]);
  const night = told.night!;
  const failed = told.nights.findIndex(({ state }) => state === "current");
  return (
    <SpaceBetween size="m">
      <Doubts night={night} />
      {failed > 0 && told.nights.slice(0, failed).some(({ state }) => state === "stopped") && <Alert type="info">{`A newer night did not come to its end. What is shown stays that of ${day(night.as_of)} until one does.`}</Alert>}
      <Container header={<Header variant="h2" description={trusted(night)}>How far forecasts miss</Header>}>
        {spec ? (
          <SpaceBetween size="xs">
            <Picture spec={spec} label="The forecasts' error night by night, beside that of repeating the past. Lower is better; the figures are in the table of nights." />
            <Box color="text-body-secondary" fontSize="body-s">Each night measures how far the forecasts of the weeks before were from what came, as a share of all units: below the grey line the model is worth having, above it repeating the past would have been better.</Box>
          </SpaceBetween>
        ) : (
          <Nothing title="Not measured yet">A forecast is measured once the weeks that it was of have passed; after two such nights there is a line to draw.</Nothing>
        )}
      </Container>
    </SpaceBetween>
  );
}

const error = (amount: number | null) => (amount === null ? "–" : amount.toFixed(3));
const part = (amount: number | null) => (amount === null ? "–" : share(amount));
const right = (content: string) => <div className="num right">{content}</div>;

function Models({ models }: { models: readonly Model[] }) {
  return (
    <Table<Model>
      items={models}
      trackBy="version"
      wrapLines
      ariaLabels={{ tableLabel: "Models" }}
      header={<Header variant="h2" counter={`(${number(models.length)})`} description="One model learns from all products together, every week. It is taken into use only if it does better than repeating the past, and not worse than the one before it.">Models</Header>}
      empty={<Nothing title="No model yet">The first one is trained when the lake has some weeks of demand.</Nothing>}
      columnDefinitions={[
        { id: "version", header: "Model", cell: ({ version }) => version, isRowHeader: true },
        { id: "state", header: "State", minWidth: 150, cell: ({ state, reason }) => <><StatusIndicator type={MODELS[state][0]}>{MODELS[state][1]}</StatusIndicator>{reason && <Box color="text-body-secondary" fontSize="body-s">{reason}</Box>}</> },
        { id: "trained", header: "Trained", cell: ({ trained_at: at }) => <Moment at={at} /> },
        { id: "error", header: <div className="right">Error</div>, cell: ({ wql }) => right(error(wql)) },
        { id: "naive", header: <div className="right">Repeating the past</div>, cell: ({ wql_naive: naive }) => right(error(naive)) },
        { id: "coverage", header: <div className="right">In the 80 % range</div>, cell: ({ coverage80 }) => right(part(coverage80)) },
        { id: "decided", header: "Decided", cell: ({ decided_at: at, decided_by: by }) => (at ? `${moment(at)}, ${by?.includes(":") ? actor(by) : (by ?? "–")}` : "–") },
        { id: "act", header: "Go back", cell: (model) => model.state === "previous" && <Restore model={model} current={models.find(({ state }) => state === "current")} /> },
      ]}
    />
  );
}

const restore = (version: string) => got(api().POST("/demand/models/{version}/restore", { params: { path: { version } } }));

function Restore({ model, current }: { model: Model; current: Model | undefined }) {
  const queries = useQueryClient();
  const undo = () => () =>
    void restore(current?.version ?? "")
      .then(() => tell("success", "Taken back."))
      .catch((failure: unknown) => tell("error", wordsOf(failure)))
      .finally(() => queries.invalidateQueries({ queryKey: DEMAND }));
  return (
    <AskingAction
      label="Forecast by this one"
      variant="inline-link"
      needs="POST /demand/models/{version}/restore"
      title={`Forecast by ${model.version} again?`}
      confirm="From the next night on"
      act={() => restore(model.version)}
      done={`From the next night on ${model.version} forecasts.`}
      refresh={[DEMAND]}
      {...(current && { undo })}
    >
      <Box>{`The next night forecasts by it, for every programme of this deployment. What is shown now stays until then.${current ? ` ${current.version} is kept and can be restored in the same way.` : ""}`}</Box>
      <Box>{`When it was trained its error was ${error(model.wql)}${current ? `, that of the current one ${error(current.wql)}` : ""}. A model that is trained later and does better replaces it again.`}</Box>
    </AskingAction>
  );
}

function Nights({ nights }: { nights: readonly NightPast[] }) {
  return (
    <Table<NightPast>
      items={nights}
      trackBy="run_id"
      wrapLines
      ariaLabels={{ tableLabel: "Nights" }}
      header={<Header variant="h2" counter={`(${number(nights.length)})`}>Nights</Header>}
      columnDefinitions={[
        { id: "as_of", header: "Known up to", cell: ({ as_of: at }) => day(at), isRowHeader: true },
        { id: "state", header: "State", cell: ({ state, drifted }) => <><StatusIndicator type={NIGHTS[state][0]}>{NIGHTS[state][1]}</StatusIndicator>{drifted && <Box><StatusIndicator type="warning">Worse than usual</StatusIndicator></Box>}</> },
        { id: "model", header: "Model", cell: ({ model }) => model ?? "–" },
        { id: "error", header: <div className="right">Error</div>, cell: ({ wql_lately: amount }) => right(error(amount)) },
        { id: "naive", header: <div className="right">Repeating the past</div>, cell: ({ wql_naive_lately: amount }) => right(error(amount)) },
        { id: "coverage", header: <div className="right">In the 80 % range</div>, cell: ({ coverage80_lately: amount }) => right(part(amount)) },
        { id: "loaded", header: "Came in", cell: ({ loaded_at: at }) => <Moment at={at} /> },
      ]}
    />
  );
}
