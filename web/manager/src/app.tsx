/** The map: which page is at which place, and what stands before all of them (signed in, allowed). */
import I18nProvider from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { Suspense, useEffect, useSyncExternalStore } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { Boundary } from "@shared/boundary";
import { Problem } from "@shared/problem";
import { isSignedIn, onSession, who } from "@shared/session";
import { api, got } from "./api";
import { may } from "./may";
import { NotAllowed } from "./pages/not-allowed";
import { NotFound } from "./pages/not-found";
import { SignedIn } from "./pages/signed-in";
import { SignedOut } from "./pages/signed-out";
import { Broken } from "./parts/Broken";
import { callThem } from "./parts/Shown";
import { Waiting } from "./parts/States";
import { firstPlace, PLACES } from "./places";
import { Shell } from "./shell";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Without a connection a question fails at once and says so, instead of waiting unseen.
      networkMode: "always",
      staleTime: 10_000,
      retry: (times, failure) => times < 2 && failure instanceof Problem && failure.passing,
      retryDelay: (times, failure) => ((failure instanceof Problem && failure.retryAfterSeconds) || 2 ** times) * 1000,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

export function App() {
  const person = useSyncExternalStore(onSession, () => (isSignedIn() ? who() : ""));
  // What one person was shown is not there for the next.
  useEffect(() => () => queries.clear(), [person]);
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <QueryClientProvider client={queries}>
        <Boundary broken={<Broken />}>
          <Switch>
            <Route path="/signed-in" component={SignedIn} />
            <Route>{person ? <Staff key={person} /> : <SignedOut />}</Route>
          </Switch>
        </Boundary>
      </QueryClientProvider>
    </I18nProvider>
  );
}

function Staff() {
  const [place] = useLocation();
  const staff = useQuery({ queryKey: ["staff"], queryFn: () => got(api().GET("/staff")), enabled: may("GET /staff"), retry: false, staleTime: Infinity });
  if (staff.data) callThem(staff.data.staff);
  return (
    <Shell>
      <Boundary key={place} broken={<Broken />}>
        <Suspense fallback={<Waiting />}>
          {/* Histories name people: who they are is known before the first page is drawn. */}
          {staff.isLoading ? <Waiting /> : <Places />}
        </Suspense>
      </Boundary>
    </Shell>
  );
}

function Places() {
  const first = firstPlace();
  return (
    <Switch>
      {PLACES.map(({ path, needs, page: Page }) => (
        <Route key={path} path={path}>{may(needs) ? <Page /> : <NotAllowed needs={needs} />}</Route>
      ))}
      <Route path="/">{first ? <Redirect to={first} replace /> : <NotAllowed />}</Route>
      <Route><NotFound /></Route>
    </Switch>
  );
}
