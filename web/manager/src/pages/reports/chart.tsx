/** A picture drawn by Vega, which comes with this part of the app only. Nothing in it is made into code: the content
 * security policy forbids that, and its own interpreter reads the expressions. */
import embed, { type Result } from "vega-embed";
import { expressionInterpreter } from "vega-interpreter";
import type { TopLevelSpec } from "vega-lite";
import { useEffect, useRef } from "react";
import type { Drill } from "./spec";

type Props = { spec: TopLevelSpec; label: string; onDrill?: ((drill: Drill) => void) | undefined };

export default function Chart({ spec, label, onDrill }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const drill = useRef(onDrill);
  drill.current = onDrill;
  useEffect(() => {
    let drawn: Result | undefined;
    let gone = false;
    void embed(place.current!, spec, {
      mode: "vega-lite",
      actions: false,
      renderer: "svg",
      ast: true,
      expr: expressionInterpreter,
      // Styles that are put into the page are forbidden as well: styles.css has them.
      defaultStyle: false,
      tooltip: { theme: "cloudscape", disableDefaultStyle: true },
    }).then((result) => {
      if (gone) return result.finalize();
      drawn = result;
      result.view.addEventListener("click", (_, item) => {
        const found = (item?.datum as { drill?: Drill } | undefined)?.drill;
        if (found) drill.current?.(found);
      });
    });
    return () => {
      gone = true;
      drawn?.finalize();
    };
  }, [spec]);
  return <div ref={place} className="report-chart" role="img" aria-label={label} />;
}
