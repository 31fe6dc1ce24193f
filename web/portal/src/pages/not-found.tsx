import { Link } from "wouter";
import { Page } from "../parts/page";
import { say } from "../words";

export default function NotFound() {
  return (
    <Page title={say("states.not_found")}>
      <p><Link href="/" className="button quiet">{say("states.home")}</Link></p>
    </Page>
  );
}
