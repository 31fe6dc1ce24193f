/** The way back from the sign-in page: on to the place that was asked for before. */
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { finishSignIn, signIn } from "@shared/session";
import { Waiting } from "../parts/states";
import { say } from "../words";

export default function SignedIn() {
  const [, go] = useLocation();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    finishSignIn().then(
      (place) => go(place, { replace: true }),
      () => setFailed(true),
    );
  }, []);
  if (!failed) return <Waiting />;
  return (
    <main className="failed" role="alert">
      <p>{say("welcome.failed")}</p>
      <button type="button" className="button" onClick={() => void signIn("/")}>{say("welcome.sign_in")}</button>
    </main>
  );
}
