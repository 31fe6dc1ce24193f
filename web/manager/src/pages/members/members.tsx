/** Find a member by whatever they say: the search box first, then who fits. What was typed is a person's and stays out of the address. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, got, type Schemas } from "../../api";
import { PageFrame } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { State } from "../../parts/Shown";
import { Loaded, Nothing } from "../../parts/States";
import { plain } from "../../words";
import { FOUND_BY } from "./words";

type Found = Schemas["Found"];

// Whoever comes back from a member finds what they had typed.
let last = "";

export default function Members() {
  const [typed, setTyped] = useState(last);
  const [wanted, setWanted] = useState(last);
  const found = useFound(wanted);
  const ask = (event: FormEvent) => {
    event.preventDefault();
    last = typed.trim();
    setWanted(last);
  };
  return (
    <PageFrame title="Members" description="By number, name, telephone, e-mail, or the number of an order, a document or a parcel.">
      <SpaceBetween size="l">
        <Container>
          <form onSubmit={ask}>
            <FormField label="What they tell you" stretch>
              <SpaceBetween direction="horizontal" size="s">
                <div className="search"><Input type="search" value={typed} autoFocus placeholder="Jane Doe, (206) 555-0101, LOCAL-0001" onChange={({ detail }) => setTyped(detail.value)} /></div>
                <Button formAction="submit" variant="primary" loading={found.isFetching} disabled={!typed.trim()}>Find</Button>
              </SpaceBetween>
            </FormField>
          </form>
        </Container>
        {wanted && <Loaded query={found}>{(rows) => <Results rows={rows} />}</Loaded>}
      </SpaceBetween>
    </PageFrame>
  );
}

/** Who fits what was said; nothing is asked for while nothing is said. */
export const useFound = (said: string) =>
  useQuery({
    queryKey: ["members", "found", said],
    queryFn: async () => (await got(api().GET("/members", { params: { query: { q: said } } }))).members,
    enabled: said !== "",
  });

function Results({ rows }: { rows: readonly Found[] }) {
  return (
    <Table
      items={rows}
      trackBy={(row) => row.member_number + (row.redemption_id ?? "")}
      wrapLines
      ariaLabels={{ tableLabel: "Members found" }}
      columnDefinitions={[
        { id: "name", header: "Name", isRowHeader: true, cell: (row) => <Go to={`/members/${row.member_number}`}>{row.full_name ?? row.member_number}</Go> },
        { id: "number", header: "Number", cell: (row) => <>{row.member_number}{row.merged_into && <Box color="text-body-secondary">now {row.merged_into}</Box>}</> },
        { id: "email", header: "E-mail", cell: (row) => row.email || "–" },
        { id: "phone", header: "Telephone", cell: (row) => row.phone ?? "–" },
        { id: "tier", header: "Level", cell: (row) => plain(row.tier) },
        { id: "state", header: "State", cell: (row) => <State code={row.state} /> },
        { id: "by", header: "Found by", cell: (row) => (row.redemption_id ? <Go to={`/orders/${row.redemption_id}`}>{FOUND_BY[row.found_by] ?? plain(row.found_by)}</Go> : FOUND_BY[row.found_by] ?? plain(row.found_by)) },
      ]}
      empty={<Nothing title="Nobody fits">Names need two letters, telephone numbers five digits. Try another spelling, or what stands on the order.</Nothing>}
    />
  );
}
