import { say } from "../words";

/** In place of a page that broke. */
export const Broken = () => (
  <main className="failed" role="alert">
    <p>{say("states.broken")}</p>
    <button type="button" className="button quiet" onClick={() => location.assign("/")}>{say("states.home")}</button>
  </main>
);
