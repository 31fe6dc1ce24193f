import { type ReactNode, useEffect } from "react";
import { config } from "@shared/config";

/** A page's title, on the page and in the browser's tab. */
export function Page({ title, lead, className = "", children }: { title: string; lead?: ReactNode; className?: string; children?: ReactNode }) {
  useTitle(title);
  return (
    <article className={`page ${className}`}>
      <header className="page-head">
        <h1>{title}</h1>
        {lead && <div className="lead">{lead}</div>}
      </header>
      {children}
    </article>
  );
}

/** What the browser's tab says. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · ${config().brand.name}` : config().brand.name;
  }, [title]);
}
