/** Find a member by their number. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { day, number } from "@shared/shown";
import { api, got } from "../../api";
import { PageFrame, Sections } from "../../parts/DetailPage";
import { Form, TextField } from "../../parts/Form";
import { useFilters } from "../../parts/filters";
import { State } from "../../parts/Shown";
import { Loaded } from "../../parts/States";
import { plain } from "../../words";

export default function Members() {
  const [{ number: wanted = "" }, change] = useFilters();
  const [typed, setTyped] = useState(wanted);
  const found = useQuery({
    queryKey: ["members", wanted],
    queryFn: () => got(api().GET("/members/{member_number}", { params: { path: { member_number: wanted } } })),
    enabled: wanted !== "",
  });
  return (
    <PageFrame title="Members" description="Look up a member by the number on their card.">
      <SpaceBetween size="l">
        <Container>
          <Form onSubmit={() => change({ number: typed.trim() })}>
            <SpaceBetween direction="horizontal" size="s" alignItems="end">
              <TextField name="member_number" label="Member number" value={typed} onChange={setTyped} placeholder="LOCAL-0001" />
              <Button formAction="submit" variant="primary" disabled={!typed.trim()}>Find</Button>
            </SpaceBetween>
          </Form>
        </Container>
        {wanted && (
          <Loaded query={found}>
            {(member) => (
              <Sections
                sections={[
                  {
                    title: member.member_number,
                    pairs: [
                      ["E-mail", member.email],
                      ["Phone", member.phone],
                      ["State", <State key="state" code={member.state} />],
                      ["Tier", plain(member.tier)],
                      ["Country", member.country],
                      ["Language", member.language],
                      ["Member since", day(member.member_since)],
                      ["Signed in before", member.claimed ? "Yes" : "Not yet"],
                      ["Available", number(member.available)],
                      ["Held", number(member.held)],
                      ["Pending", number(member.pending)],
                      ["Debt", number(member.debt)],
                    ],
                  },
                ]}
              />
            )}
          </Loaded>
        )}
      </SpaceBetween>
    </PageFrame>
  );
}
