import Button from "@cloudscape-design/components/button";
import { useLocation } from "wouter";
import { Message } from "../parts/States";

export function NotFound() {
  const [, go] = useLocation();
  return (
    <Message title="There is no such page" action={<Button onClick={() => go("/")}>Go to the first page</Button>}>
      The address may be mistyped, or the page has another place now.
    </Message>
  );
}
