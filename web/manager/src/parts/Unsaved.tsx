/** Whoever leaves a page with something unsaved on it is asked first. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useSyncExternalStore } from "react";

// Newer than the compiler's own description of browsers.
type NavigateEvent = Event & { cancelable: boolean; hashChange: boolean; navigationType: string; destination: { url: string; key: string; sameDocument: boolean } };
type Navigation = EventTarget & { navigate: (url: string) => void; traverseTo: (key: string) => void };

const holders = new Set<object>();
let asked: (() => void) | null = null;
const listeners = new Set<() => void>();
const changed = () => listeners.forEach((listener) => listener());

/** While `unsaved`, the page is not left without a question. */
export function useUnsaved(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return undefined;
    const holder = {};
    holders.add(holder);
    return () => void holders.delete(holder);
  }, [unsaved]);
}

addEventListener("beforeunload", (event) => {
  if (holders.size > 0) event.preventDefault();
});

const navigation = (window as unknown as { navigation?: Navigation }).navigation;

navigation?.addEventListener("navigate", (event) => {
  const { destination, navigationType, cancelable } = event as NavigateEvent;
  const to = new URL(destination.url);
  // Filters and tabs are the same page still; other sites are asked about by the browser itself.
  if (holders.size === 0 || !cancelable || !destination.sameDocument || to.pathname === location.pathname) return;
  event.preventDefault();
  const again = navigationType === "traverse" ? () => navigation.traverseTo(destination.key) : () => history.pushState(null, "", to);
  asked = () => {
    holders.clear();
    again();
  };
  changed();
});

/** The question; the shell has it once. */
export function LeaveDialog() {
  const leave = useSyncExternalStore((listener) => (listeners.add(listener), () => listeners.delete(listener)), () => asked);
  const close = () => {
    asked = null;
    changed();
  };
  if (!leave) return null;
  return (
    <Modal
      visible
      header="Leave without saving?"
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={() => (close(), leave())}>Leave</Button>
            <Button variant="primary" onClick={close}>Stay</Button>
          </SpaceBetween>
        </Box>
      }
    >
      What you changed on this page is not saved yet.
    </Modal>
  );
}
