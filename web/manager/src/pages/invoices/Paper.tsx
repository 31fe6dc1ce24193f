/** The paper itself beside its fields: the PDF in the browser's own viewer, and the page as it was read. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, got } from "../../api";
import { Loaded, Nothing } from "../../parts/States";
import { Drawn, Near } from "./Drawn";
import { currencyOf, fieldName, percent, type Whole } from "./shown";

// As a part of the page's width: what is wider can be read in the page.
const NEARBY = 0.4;

type View = "pdf" | "read";

// The address is good for five minutes; a page that is turned later asks for another one.
const GOOD_MS = 240_000;

/** `current`: the field that is edited; `onChoose`: a value of the drawing was pressed. */
export function Paper({ whole, current, onChoose }: { whole: Whole; current: string; onChoose: (field: string) => void }) {
  const { seen, paper } = whole;
  const pages = Math.max(1, paper.pages ?? 1, ...seen.map(({ page }) => page));
  const metric = currencyOf(whole) !== "USD";
  const place = seen.find(({ name }) => name === current);
  const [page, setPage] = useState(place?.page ?? 1);
  const [view, setView] = useState<View>(() => (navigator.pdfViewerEnabled && paper.kept ? "pdf" : "read"));
  useEffect(() => {
    if (place) setPage(place.page);
  }, [place?.name, place?.page]);
  return (
    <div className="paper">
      <SpaceBetween size="xs">
        <div className="paper-bar">
          <SegmentedControl
            label="What is shown of the paper"
            selectedId={view}
            options={[{ id: "pdf", text: "Paper" }, { id: "read", text: "What was read" }]}
            onChange={({ detail }) => setView(detail.selectedId as View)}
          />
          {pages > 1 && (
            <span className="paper-pages">
              <Button variant="icon" iconName="angle-left" formAction="none" ariaLabel="Page before" disabled={page <= 1} onClick={() => setPage(page - 1)} />
              Page {page} of {pages}
              <Button variant="icon" iconName="angle-right" formAction="none" ariaLabel="Next page" disabled={page >= pages} onClick={() => setPage(page + 1)} />
            </span>
          )}
        </div>
        {view === "read" && place?.box && place.box[2]! < NEARBY && <Near seen={seen} of={place} metric={metric} />}
        {view === "pdf" ? <Pdf whole={whole} page={page} /> : <Drawn seen={seen} doubted={new Set(whole.findings.map(({ field }) => field))} page={page} current={current} onChoose={onChoose} metric={metric} />}
        <Box color="text-body-secondary" fontSize="body-s">
          {place ? <>{fieldName(place.name)}: printed “{place.printed}”, read with {percent(place.confidence)} on page {place.page}.</> : view === "read" ? "Go to a field to see where it was read. Red is what is doubtful." : "Go to a field to see its page."}
        </Box>
      </SpaceBetween>
    </div>
  );
}

/** Looking at it is written in the audit log. */
function Pdf({ whole, page }: { whole: Whole; page: number }) {
  const path = { invoice_id: whole.invoice_id };
  const query = useQuery({
    queryKey: ["paper", whole.paper.document_id],
    queryFn: () => got(api().GET("/invoices/{invoice_id}/paper", { params: { path } })),
    enabled: whole.paper.kept,
    staleTime: GOOD_MS,
    refetchOnWindowFocus: false,
  });
  useEffect(() => {
    if (query.dataUpdatedAt && Date.now() - query.dataUpdatedAt > GOOD_MS) void query.refetch();
  }, [page]);
  if (!whole.paper.kept) return <Nothing title="The PDF was not kept">It was refused before anybody could read it.</Nothing>;
  return (
    <Loaded query={query}>
      {({ url }) => (
        <>
          {/* Another key for each page: viewers do not follow a change of the mark alone. */}
          <iframe key={page} className="pdf" title={`The paper, page ${page}`} src={`${url}#page=${page}&view=FitH&navpanes=0`} />
          <Link href={url} external externalIconAriaLabel="opens in a new tab" fontSize="body-s">Open it in a tab of its own</Link>
        </>
      )}
    </Loaded>
  );
}
