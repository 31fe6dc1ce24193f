import { Component, type ReactNode } from "react";
import { say } from "../words";

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
      <main className="failed" role="alert">
        <p>{say("states.broken")}</p>
        <button type="button" className="button quiet" onClick={() => location.assign("/")}>{say("states.home")}</button>
      </main>
    );
  }
}
