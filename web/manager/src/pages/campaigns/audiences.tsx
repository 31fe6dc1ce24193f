/** Members picked by what they did, for campaigns to ask for. */
import Button from "@cloudscape-design/components/button";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { number } from "@shared/shown";
import { api, got } from "../../api";
import { DraftPage } from "../../parts/DraftPage";
import { ChoiceField, NumberField, TextField } from "../../parts/Form";
import { Nothing } from "../../parts/States";
import { Moment } from "../../parts/Shown";
import { type Audience, means } from "./said";

const NONE: Audience = {
  code: "", name: "", purchased_within_days: null, not_purchased_for_days: 60, earned_at_least_points: null,
  earned_in_days: null, redeemed: null, redeemed_within_days: null, joined_within_days: null,
};

export default function Audiences() {
  const counted = useQuery({ queryKey: ["campaigns", "audiences"], queryFn: () => got(api().GET("/campaigns")).then(({ audiences }) => audiences), refetchInterval: 30_000 });
  return (
    <DraftPage<Audience[]>
      section="audiences"
      title="Audiences"
      description="Members picked by what they did. Counted when published and every hour; whoever meets all conditions is in it."
    >
      {(audiences, change, _draft, readOnly) => (
        <SpaceBetween size="l">
          {audiences.length === 0 && <Nothing title="No audience yet">For example: who has bought before, but nothing for 60 days. Campaigns can then be for them.</Nothing>}
          {audiences.map((audience, place) => {
            const set = (fields: Partial<Audience>) => change(audiences.map((one, at) => (at === place ? { ...one, ...fields } : one)));
            const name = (field: string) => `audiences.${place}.${field}`;
            const days = (field: keyof Audience, label: string) => (
              <NumberField name={name(field)} label={label} suffix="days" value={audience[field] as number | null} disabled={readOnly} onChange={(value) => set({ [field]: value })} />
            );
            const known = counted.data?.find((one) => one.audience === audience.code);
            return (
              <Container
                key={place}
                header={
                  <Header
                    variant="h2"
                    description={means(audience)}
                    actions={!readOnly && <Button formAction="none" onClick={() => change(audiences.filter((_, at) => at !== place))}>Remove</Button>}
                  >
                    {audience.name || "New audience"}
                  </Header>
                }
              >
                <SpaceBetween size="m">
                  {known && <Box color="text-body-secondary">{known.members === null ? "It is being counted." : <>{number(known.members)} members as published, counted <Moment at={known.counted_at} />.</>}</Box>}
                  <ColumnLayout columns={2}>
                    <TextField name={name("name")} label="Name" value={audience.name} disabled={readOnly} onChange={(text) => set({ name: text })} />
                    <TextField name={name("code")} label="Code" value={audience.code} disabled={readOnly} onChange={(text) => set({ code: text })} />
                  </ColumnLayout>
                  <ColumnLayout columns={3}>
                    {days("not_purchased_for_days", "Bought before, but nothing for")}
                    {days("purchased_within_days", "Bought within")}
                    {days("joined_within_days", "Joined within")}
                    <NumberField name={name("earned_at_least_points")} label="Earned at least" suffix="points" value={audience.earned_at_least_points} disabled={readOnly} onChange={(value) => set({ earned_at_least_points: value })} />
                    {days("earned_in_days", "… by purchases in the last")}
                    {days("redeemed_within_days", "Redeemed within")}
                    <ChoiceField
                      name={name("redeemed")}
                      label="Redeemed"
                      options={[{ value: "", label: "Does not matter" }, { value: "ever", label: "At least once" }, { value: "never", label: "Never" }]}
                      value={audience.redeemed ?? ""}
                      disabled={readOnly}
                      onChange={(value) => set({ redeemed: (value || null) as Audience["redeemed"] })}
                    />
                  </ColumnLayout>
                </SpaceBetween>
              </Container>
            );
          })}
          {!readOnly && <Button iconName="add-plus" formAction="none" onClick={() => change([...audiences, { ...NONE, code: `audience-${audiences.length + 1}` }])}>Add an audience</Button>}
        </SpaceBetween>
      )}
    </DraftPage>
  );
}
