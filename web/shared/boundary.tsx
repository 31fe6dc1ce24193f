import { Component, type ReactNode } from "react";

/** A page that breaks shows `broken` instead of going blank. A file that is gone (a newer version is out) is loaded anew. */
export class Boundary extends Component<{ children: ReactNode; broken: ReactNode }, { broken: boolean }> {
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
    return this.state.broken ? this.props.broken : this.props.children;
  }
}
