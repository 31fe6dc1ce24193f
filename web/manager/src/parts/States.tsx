/** The four states of what is asked for: waiting, empty, failed with a retry, content. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Problem } from "@shared/problem";
import { signIn } from "@shared/session";
import { wordsOf } from "../words";

const PATIENCE_MS = 250;

type Asked<Data> = Pick<UseQueryResult<Data>, "data" | "error" | "isFetching" | "refetch">;

/** What a query knows, in whichever state it is. What was known before stays while a newer answer fails. */
export function Loaded<Data>({ query, children }: { query: Asked<Data>; children: (data: Data) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} busy={query.isFetching} />;
  return <Waiting />;
}

/** Something comes; said only when it does not come at once. */
export function Waiting() {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return <Box padding="xxl" textAlign="center">{late && <StatusIndicator type="loading">Loading</StatusIndicator>}</Box>;
}

/** What failed, in plain words, with a way on. */
export function Failed({ error, retry, busy = false }: { error: unknown; retry?: (() => void) | undefined; busy?: boolean }) {
  const over = error instanceof Problem && error.code === "signed-out";
  const action = over ? <Button onClick={() => void signIn()}>Sign in again</Button> : retry && <Button loading={busy} onClick={retry}>Try again</Button>;
  return <Alert type="error" action={action}>{wordsOf(error)}</Alert>;
}

/** A whole page that has one thing to say. */
export function Message({ title, action, children }: { title: string; action?: ReactNode; children?: ReactNode }) {
  return (
    <Box padding={{ vertical: "xxl" }}>
      <SpaceBetween size="m">
        <Header variant="h1">{title}</Header>
        <Box color="text-body-secondary">{children}</Box>
        {action}
      </SpaceBetween>
    </Box>
  );
}

/** In place of rows: why there are none, and what would bring some. */
export function Nothing({ title, action, children }: { title: string; action?: ReactNode; children?: ReactNode }) {
  return (
    <Box textAlign="center" padding={{ vertical: "xl" }} color="inherit">
      <SpaceBetween size="xs">
        <Box variant="strong" color="inherit">{title}</Box>
        {children && <Box variant="p" color="text-body-secondary">{children}</Box>}
        {action}
      </SpaceBetween>
    </Box>
  );
}
