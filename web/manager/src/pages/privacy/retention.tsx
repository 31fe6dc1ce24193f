/** How long what is kept, and what the job removed lately. */
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { date, number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { Bars } from "../../parts/Chart";
import { DetailPage } from "../../parts/DetailPage";
import { Moment } from "../../parts/Shown";
import { Nothing } from "../../parts/States";
import { plain } from "../../words";

type Retention = Schemas["Retention"];

const BY: Record<string, string> = { job: "The job, every minute", bucket: "The bucket itself", closure: "The end of the account", erasure: "Erasure", sender: "The webhooks' sender", "log group": "The log itself" };

export default function RetentionPage() {
  const query = useQuery({ queryKey: ["privacy", "retention"], queryFn: () => got(api().GET("/privacy/retention")) });
  return (
    <DetailPage<Retention>
      query={query}
      from={{ label: "Privacy requests", path: "/privacy/requests" }}
      title={() => "How long what is kept"}
      description={() => "The same table that the job follows."}
      sections={({ rules, runs }) => [
        {
          title: "Removed in the last 30 days",
          content: runs.length ? (
            <Bars label="Removed by day" yTitle="Rows and files" height={160} series={series(runs)} />
          ) : (
            <Nothing title="Nothing was old enough" />
          ),
        },
        {
          title: "Rules",
          content: (
            <Table
              variant="embedded"
              wrapLines
              items={rules}
              ariaLabels={{ tableLabel: "Rules" }}
              columnDefinitions={[
                { id: "store", header: "Store", cell: (row) => row.store },
                { id: "what", header: "What", cell: (row) => row.what },
                { id: "kept", header: "Kept", cell: (row) => row.kept },
                { id: "by", header: "Removed by", cell: (row) => BY[row.by] ?? row.by },
                { id: "lately", header: "Removed lately", cell: (row) => lately(runs, row.name) },
              ]}
            />
          ),
        },
      ]}
    />
  );
}

function lately(runs: Retention["runs"], name: string) {
  const own = runs.filter(({ rule }) => rule === name);
  if (own.length === 0) return "–";
  return <>{number(own.reduce((sum, { removed }) => sum + removed, 0))}, last <Moment at={own[0]!.last_at} /></>;
}

function series(runs: Retention["runs"]) {
  const days = [...new Set(runs.map(({ day }) => day))].sort();
  return [...new Set(runs.map(({ rule }) => rule))].map((rule) => ({
    title: plain(rule),
    data: days.map((day) => [date(day), runs.find((one) => one.rule === rule && one.day === day)?.removed ?? 0] as const),
  }));
}
