/** The way back from the sign-in page: on to the place that was asked for before. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { finishSignIn, signIn } from "@shared/session";
import { Waiting } from "../parts/States";

export function SignedIn() {
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
    <main>
      <Box padding="xxxl">
        <Alert type="error" header="Signing in did not work" action={<Button onClick={() => void signIn("/")}>Sign in</Button>}>
          The sign-in page sent you back without a sign-in that this browser began. Try once more.
        </Alert>
      </Box>
    </main>
  );
}
