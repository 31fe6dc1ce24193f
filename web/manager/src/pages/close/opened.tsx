/** A figure of the month: the movements it is made of, and the members' lots that they moved. */
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { longDay, number } from "@shared/shown";
import { api, got } from "../../api";
import { Go } from "../../parts/Go";
import { Failed, Loaded, Nothing } from "../../parts/States";
import { monthName } from "../invoices/invoices";
import { eventName, type Figure, figureName, KEY, lotName, worth } from "./words";

const PAGE = 50;

type Props = { month: string; figure: Figure; day: string | undefined; choose: (day: string | undefined) => void };

export function Opened({ month, figure, day, choose }: Props) {
  return (
    <SpaceBetween size="l">
      <Movements month={month} figure={figure} day={day} choose={choose} />
      <Lots month={month} figure={figure} day={day} choose={choose} />
    </SpaceBetween>
  );
}

function Movements({ month, figure, choose }: Props) {
  const query = useQuery({ queryKey: [KEY, month, figure], queryFn: () => got(api().GET("/finance/months/{month}/close/{figure}", { params: { path: { month, figure } } })) });
  const standing = figure === "opening" || figure === "closing";
  return (
    <Loaded query={query}>
      {({ movements, points }) => (
        <Table
          items={movements}
          trackBy={(row) => [row.day, row.event, row.lot_month, row.funder].join(" ")}
          ariaLabels={{ tableLabel: `What ${figureName(figure)} is made of` }}
          header={<Header variant="h2" counter={`(${number(points)} points)`} description={standing ? "By the month in which the points were earned: its rate is theirs." : "What takes off the figure is below zero. A day opens its lots below."}>{`${figureName(figure)}: what it is made of`}</Header>}
          empty={<Nothing title="Nothing: the figure is zero" />}
          columnDefinitions={[
            ...(standing ? [] : [
              { id: "day", header: "Day", isRowHeader: true, cell: (row: (typeof movements)[number]) => row.day && <Link ariaLabel={`Lots of ${longDay(row.day)}`} onFollow={() => choose(row.day!)}>{longDay(row.day)}</Link> },
              { id: "event", header: "What happened", cell: (row: (typeof movements)[number]) => eventName(row.event) },
            ]),
            { id: "month", header: "Earned in", cell: (row) => monthName(row.lot_month.slice(0, 7)) },
            { id: "funder", header: "Paid for by", cell: (row) => row.funder },
            { id: "points", header: "Points", cell: (row) => <span className="num">{number(row.points)}</span> },
            { id: "worth", header: standing ? "Held for them" : "At its month's rate", cell: (row) => <span className="num">{worth(row.deferred_micros)}</span> },
          ]}
        />
      )}
    </Loaded>
  );
}

function Lots({ month, figure, day, choose }: Props) {
  const query = useInfiniteQuery({
    queryKey: [KEY, month, figure, "lots", day],
    queryFn: ({ pageParam }) => got(api().GET("/finance/months/{month}/close/{figure}/lots", { params: { path: { month, figure }, query: { limit: PAGE, ...(day && { day }), ...(pageParam && { after: pageParam }) } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} busy={query.isFetching} />;
  const lots = query.data?.pages.flatMap((page) => page.lots) ?? [];
  const standing = figure === "opening" || figure === "closing";
  return (
    <Table
      items={lots}
      trackBy={(row) => [row.member_number, row.sequence, row.event, row.lot, row.lot_month, row.funder].join(" ")}
      loading={query.isPending}
      loadingText="Loading"
      ariaLabels={{ tableLabel: `Lots of ${figureName(figure)}` }}
      header={<Header variant="h2" actions={day && <Button onClick={() => choose(undefined)}>All days</Button>} description="Points that lapse together are one lot. Who looks at members' lots is in the audit log.">{`${figureName(figure)}: members' lots${day ? ` on ${longDay(day)}` : ""}`}</Header>}
      empty={<Nothing title="No lot" />}
      footer={query.hasNextPage && <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>More</Button>}
      columnDefinitions={[
        { id: "member", header: "Member", isRowHeader: true, cell: (row) => row.member_number },
        { id: "lot", header: "Good until", cell: (row) => <Go to={`/close/lots/${row.member_number}/${row.lot}`} label={`Lot of ${row.member_number}, ${lotName(row.lot)}`}>{lotName(row.lot)}</Go> },
        ...(standing ? [] : [
          { id: "day", header: "Day", cell: (row: (typeof lots)[number]) => row.day && longDay(row.day) },
          { id: "event", header: "What happened", cell: (row: (typeof lots)[number]) => eventName(row.event) },
        ]),
        { id: "month", header: "Earned in", cell: (row) => monthName(row.lot_month.slice(0, 7)) },
        { id: "points", header: "Points", cell: (row) => <span className="num">{number(row.points)}</span> },
      ]}
    />
  );
}
