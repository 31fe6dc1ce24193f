/** Nobody is signed in: what this is, and the way in. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { signIn } from "@shared/session";
import { config } from "../config";
import { tell } from "../tell";

export function SignedOut() {
  const [busy, setBusy] = useState(false);
  const begin = () => {
    setBusy(true);
    signIn().catch(() => {
      setBusy(false);
      tell("error", "The sign-in page cannot be reached. Try again in a moment.");
    });
  };
  return (
    <main>
      <Box padding={{ vertical: "xxxl", horizontal: "l" }} textAlign="center" margin={{ top: "xxxl" }}>
        <SpaceBetween size="l">
          <Box variant="h1" fontSize="display-l">{config().brand.name} manager</Box>
          <Box variant="p" color="text-body-secondary">The programme, its catalogue and its members. For staff, with a second factor.</Box>
          <Button variant="primary" loading={busy} onClick={begin}>Sign in</Button>
        </SpaceBetween>
      </Box>
    </main>
  );
}
