/** What is around every page: whose programme, who is signed in, where to go, what happened. */
import AppLayout from "@cloudscape-design/components/app-layout";
import Flashbar from "@cloudscape-design/components/flashbar";
import Button from "@cloudscape-design/components/button";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { useLocation } from "wouter";
import { email, groups, signOut } from "@shared/session";
import { config } from "./config";
import { may } from "./may";
import { LeaveDialog } from "./parts/Unsaved";
import { GROUPS, PLACES } from "./places";
import { hush, onNotices, told } from "./tell";
import { GROUP_NAMES } from "./words";

const WIDE = "(min-width: 1100px)";
// On a telephone it lies over the page, and closes by itself.
const BESIDE = "(min-width: 689px)";
const CHOICE = "navigation";

/** As it was chosen in this tab, also after the page was loaded anew; before that, as there is room. */
const atFirst = () => (matchMedia(BESIDE).matches && sessionStorage.getItem(CHOICE)) || (matchMedia(WIDE).matches ? "open" : "closed");

export function Shell({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(() => atFirst() === "open");
  const choose = (next: boolean) => {
    if (matchMedia(BESIDE).matches) sessionStorage.setItem(CHOICE, next ? "open" : "closed");
    setOpen(next);
  };
  return (
    <>
      <div id="top"><Top /></div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        navigation={<Navigation />}
        navigationOpen={open}
        navigationWidth={232}
        onNavigationChange={({ detail }) => choose(detail.open)}
        notifications={<Notices />}
        stickyNotifications
        content={children}
        contentType="default"
      />
      <LeaveDialog />
    </>
  );
}

function Top() {
  const [, go] = useLocation();
  const theirs = groups().map((group) => GROUP_NAMES[group] ?? group).join(", ");
  return (
    <TopNavigation
      identity={{
        href: "/",
        title: `${config().brand.name} manager`,
        onFollow: (event) => (event.preventDefault(), go("/")),
      }}
      utilities={[
        { type: "button", text: "Portal", href: config().portal_origin, external: true, externalIconAriaLabel: "opens in a new tab" },
        {
          type: "menu-dropdown",
          text: email() || "Signed in",
          description: theirs || "In no group",
          iconName: "user-profile",
          items: [{ id: "sign-out", text: "Sign out" }],
          onItemClick: ({ detail }) => detail.id === "sign-out" && void signOut(),
        },
      ]}
    />
  );
}

function Navigation() {
  const [place, go] = useLocation();
  const shown = PLACES.filter((one) => one.group && may(one.needs));
  const items: SideNavigationProps.Item[] = GROUPS.flatMap((group) => {
    const links = shown.filter((one) => one.group === group).map(({ label, path }) => ({ type: "link" as const, text: label, href: path }));
    return links.length ? [{ type: "section" as const, text: group, items: links }] : [];
  });
  const here = shown.filter(({ path }) => place === path || place.startsWith(`${path}/`)).sort((a, b) => b.path.length - a.path.length)[0];
  return (
    <SideNavigation
      activeHref={here?.path ?? place}
      items={items}
      onFollow={(event) => {
        if (event.detail.external) return;
        event.preventDefault();
        go(event.detail.href);
      }}
    />
  );
}

function Notices() {
  const notices = useSyncExternalStore(onNotices, told);
  const [place] = useLocation();
  // What was said of another page is read or not; failures there mean nothing here.
  useEffect(() => () => told().filter(({ kind }) => kind === "error" || kind === "warning").forEach(({ id }) => hush(id)), [place]);
  return (
    <Flashbar
      items={notices.map(({ id, kind, text, undo }) => ({
        id,
        type: kind === "in-progress" ? "info" : kind,
        loading: kind === "in-progress",
        content: text,
        dismissible: true,
        dismissLabel: "Dismiss",
        ariaRole: kind === "error" ? "alert" : "status",
        onDismiss: () => hush(id),
        ...(undo && { action: <Button onClick={() => (hush(id), undo())}>Undo</Button> }),
      }))}
    />
  );
}
