/** The map: which page is at which place, and what stands before all of them (signed in, a member, terms accepted). */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ComponentType, lazy, Suspense, useEffect, useSyncExternalStore } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { Boundary } from "@shared/boundary";
import { config } from "@shared/config";
import { Problem } from "@shared/problem";
import { isSignedIn, onSession } from "@shared/session";
import "./before";
import { useMe } from "./queries";
import { Broken } from "./parts/broken";
import { Page } from "./parts/page";
import { Failed, Loaded, Waiting } from "./parts/states";
import { Unanswered } from "./parts/unanswered";
import { isFramed, onPreview, previewed } from "./preview";
import { cameBack, scrollBackTo } from "./scroll";
import { Shell } from "./shell";
import { type Group, LANGUAGES, needWords, setLanguage, useLanguage } from "./words";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Without a connection a question fails at once and says so, instead of waiting unseen.
      networkMode: "always",
      staleTime: 30_000,
      retry: (times, failure) => times < 2 && failure instanceof Problem && failure.passing,
      retryDelay: (times, failure) => ((failure instanceof Problem && failure.retryAfterSeconds) || 2 ** times) * 1000,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

/** A page and its words, fetched together: neither is drawn without the other. */
const page = (load: () => Promise<{ default: ComponentType }>, ...groups: readonly Group[]) =>
  lazy(() => Promise.all([load(), needWords(...groups)]).then(([loaded]) => loaded));

const SignedOut = page(() => import("./pages/signed-out"));
const SignedIn = page(() => import("./pages/signed-in"));
const Join = page(() => import("./pages/join"), "account");
const Terms = page(() => import("./pages/terms"), "account");
const Help = page(() => import("./pages/help"), "account");
const Sample = page(() => import("./pages/sample"), "product");
const Security = page(() => import("./pages/security"), "account");

// Place → page. Messages link to /redemptions/…, /points, /cases/… and /security; payment providers to /redemptions/….
const PAGES: readonly (readonly [place: string, page: ComponentType])[] = [
  ["/", page(() => import("./pages/home"))],
  ["/browse", page(() => import("./pages/browse"))],
  ["/products/:asin", page(() => import("./pages/product"), "product")],
  ["/wishlist", page(() => import("./pages/wishlist"), "product")],
  ["/cart", page(() => import("./pages/cart"), "orders")],
  ["/checkout", page(() => import("./pages/checkout"), "product", "orders")],
  ["/redemptions", page(() => import("./pages/orders"), "orders")],
  ["/redemptions/:id", page(() => import("./pages/order"), "orders")],
  ["/points", page(() => import("./pages/points"), "account")],
  ["/points/statement", page(() => import("./pages/statement"), "account")],
  ["/cases", page(() => import("./pages/cases"), "account")],
  ["/cases/new", page(() => import("./pages/new-case"), "account")],
  ["/cases/:id", page(() => import("./pages/case"), "account")],
  ["/profile", page(() => import("./pages/profile"), "orders", "account")],
  ["/profile/close", page(() => import("./pages/close"), "account")],
];
const NotFound = page(() => import("./pages/not-found"));

/** The portal. */
export function App() {
  const language = useLanguage();
  const preview = useSyncExternalStore(onPreview, previewed);
  return (
    <QueryClientProvider client={queries}>
      <Boundary key={`${language} ${preview}`} broken={<Broken />}>
        <Suspense fallback={<Waiting />}>
          <Switch>
            <Route path="/signed-in" component={SignedIn} />
            <Route component={Everything} />
          </Switch>
        </Suspense>
      </Boundary>
    </QueryClientProvider>
  );
}

function Everything() {
  const signedIn = useSyncExternalStore(onSession, isSignedIn);
  return (
    <Shell>
      <TopOfPage />
      <Suspense fallback={<Waiting />}>
        <Switch>
          <Route path="/help" component={Help} />
          <Route path="/terms" component={Terms} />
          <Route path="/security" component={Security} />
          {isFramed() && <Route path="/preview" component={Sample} />}
          <Route>{signedIn ? <Members /> : <SignedOut />}</Route>
        </Switch>
      </Suspense>
    </Shell>
  );
}

/** Pages of somebody who is signed in; who is no member yet joins first, who has not accepted the terms reads them. */
function Members() {
  const me = useMe();
  const [place] = useLocation();
  useOwnLanguage(me.data?.language);
  if (me.error instanceof Problem && me.error.code === "not-claimed") return <Join />;
  if (me.error && !me.data) return <Page title={config().brand.name}><Failed error={me.error} retry={() => void me.refetch()} busy={me.isFetching} /></Page>;
  return (
    <Loaded query={me}>
      {(member) =>
        member.terms_accepted ? (
          <>
            <Unanswered member={member.member_number} />
            <Switch>
              {PAGES.map(([path, component]) => (
                <Route key={path} path={path} component={component} />
              ))}
              <Route path="/documents">
                <Redirect to="/redemptions" replace />
              </Route>
              <Route component={NotFound} />
            </Switch>
          </>
        ) : (
          <Terms key={place} />
        )
      }
    </Loaded>
  );
}

/** The language the member chose, once it is known: this device may have begun with another one. */
function useOwnLanguage(chosen: string | undefined): void {
  const language = useLanguage();
  useEffect(() => {
    if (!chosen || chosen === language || !LANGUAGES.includes(chosen)) return;
    // Without its words the portal goes on in the language it has.
    setLanguage(chosen, config().store.locale.slice(-2)).catch(() => undefined);
  }, [chosen]);
}

/** A new page begins at its top, and says so to who listens instead of looking; who comes back is where they were. */
function TopOfPage() {
  const [place] = useLocation();
  useEffect(() => {
    const top = cameBack();
    // A page may say that it is the same page still: another kind of the same product.
    if (location.hash || (top === null && history.state?.same)) return;
    scrollBackTo(top ?? 0);
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [place]);
  return null;
}
