import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { Component, type ReactNode } from "react";

/** A page that breaks says so instead of going blank. A file that is gone (a newer version is out) is loaded anew. */
export class Boundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override componentDidCatch(error: Error) {
    const missing = /dynamically imported module|Importing a module|preload CSS/.test(error.message);
    const key = `reloaded ${location.pathname}`;
    if (missing && !sessionStorage.getItem(key)) {
      sessionStorage.setItem(key, "once");
      location.reload();
    } else {
      reportError(error);
    }
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <Box padding="xxl">
        <Alert type="error" header="This page broke" action={<Button onClick={() => location.reload()}>Load it again</Button>}>
          What was saved before is saved. If it breaks again, say so with the address of this page.
        </Alert>
      </Box>
    );
  }
}
