/** A link to a page of this app. */
import Link from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { useLocation } from "wouter";

/** `label`: what is read aloud, where the words on their own say too little. */
export function Go({ to, label, children }: { to: string; label?: string; children: ReactNode }) {
  const [, go] = useLocation();
  return (
    <Link
      href={to}
      {...(label ? { ariaLabel: label } : {})}
      onFollow={(event) => {
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </Link>
  );
}
