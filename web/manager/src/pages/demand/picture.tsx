/** A picture that Vega draws; it comes with this part of the app when it is needed. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { lazy, Suspense } from "react";
import type { TopLevelSpec } from "vega-lite";
import type { Drill } from "../reports/spec";

const Chart = lazy(() => import("../reports/chart"));

export function Picture({ spec, label, onDrill }: { spec: TopLevelSpec; label: string; onDrill?: (drill: Drill) => void }) {
  return (
    <Suspense fallback={<div className="report-wait"><StatusIndicator type="loading">Drawing</StatusIndicator></div>}>
      <div className="as-tall-as-it-is"><Chart spec={spec} label={label} onDrill={onDrill} /></div>
    </Suspense>
  );
}
