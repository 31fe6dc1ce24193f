/** What members may not get in the next 14 days, those that disappoint most first, with what can be done about each. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { PageFrame } from "../../parts/DetailPage";
import { FilterBar } from "../../parts/FilterBar";
import { useFilters } from "../../parts/filters";
import { Loaded, Nothing } from "../../parts/States";
import { RiskCard } from "./risk";
import { asOf, CAUSES, DEMAND, Doubts, NoNight, type Risk, units } from "./shown";

type Risks = Schemas["Risks"];

const CAUSE_OPTIONS = [{ value: "", label: "All" }, ...Object.entries(CAUSES).map(([value, label]) => ({ value, label }))];
const KEYS = ["search", "cause", "acted"] as const;

export default function RisksPage() {
  const [filters, change] = useFilters();
  const asked = Object.fromEntries(KEYS.flatMap((key) => (filters[key] ? [[key, filters[key]]] : [])));
  const query = useInfiniteQuery({
    queryKey: [...DEMAND, "outlooks", asked],
    queryFn: ({ pageParam }) => got(api().GET("/demand/outlooks", { params: { query: { ...(asked as { search?: string; cause?: Risk["cause"]; acted?: "yes" | "no" }), ...(pageParam && { after: pageParam }), limit: 20 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.after ?? undefined,
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const told = pages[0]!;
        const rows = pages.flatMap(({ outlooks }) => outlooks);
        return (
          <PageFrame title="Out-of-stock risks" description={`What members may not get in the next 14 days, those that disappoint most first. ${asOf(told.night)}`}>
            {!told.night ? (
              <NoNight what="Here stands what members will likely not get: sold out, too late, too dear to give, or gone. The programme owns no stock, so this is about what Amazon will be able to send." />
            ) : (
              <SpaceBetween size="l">
                <Doubts night={told.night} />
                <Sum told={told} />
                <FilterBar
                  filters={[
                    { key: "search", label: "Product", kind: "text", placeholder: "Name or number" },
                    { key: "cause", label: "Why", kind: "choice", options: CAUSE_OPTIONS },
                    { key: "acted", label: "Done about it", kind: "choice", options: [{ value: "", label: "All" }, { value: "no", label: "Nothing yet" }, { value: "yes", label: "Something" }] },
                  ]}
                />
                {rows.map((risk) => <RiskCard key={risk.asin} risk={risk} />)}
                {rows.length === 0 && (Object.keys(asked).length > 0
                  ? <Nothing title="Nothing fits these filters" action={<Button onClick={() => change(Object.fromEntries(KEYS.map((key) => [key, undefined])))}>Clear the filters</Button>} />
                  : <Nothing title="Nothing is at risk">Everything on the shelf can be had, and likely will be for the next 14 days.</Nothing>)}
                {query.hasNextPage && <Box textAlign="center"><Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{`Show more (${number(told.found - rows.length)})`}</Button></Box>}
              </SpaceBetween>
            )}
          </PageFrame>
        );
      }}
    </Loaded>
  );
}

/** All of it at a glance. */
function Sum({ told }: { told: Risks }) {
  const parts: [string, string][] = [
    [number(told.out_now), "cannot be had now"],
    [number(told.likely), "likely will not (from 50 %)"],
    [number(told.possible), "possibly will not (10 to 50 %)"],
    [units(told.members), "members go without, on average"],
  ];
  return (
    <Container>
      <ColumnLayout columns={4} variant="text-grid">
        {parts.map(([figure, words]) => <div key={words}><Box variant="awsui-value-large">{figure}</Box><Box color="text-body-secondary">{words}</Box></div>)}
      </ColumnLayout>
    </Container>
  );
}
