import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";

/** In place of a page that broke. */
export const Broken = () => (
  <Box padding="xxl">
    <Alert type="error" header="This page broke" action={<Button onClick={() => location.reload()}>Load it again</Button>}>
      What was saved before is saved. If it breaks again, say so with the address of this page.
    </Alert>
  </Box>
);
