/** The featured products in their order: dragged, moved by the keyboard, or by buttons. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import List from "@cloudscape-design/components/list";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { number } from "@shared/shown";
import { Problem } from "@shared/problem";
import { api, got, type Schemas } from "../../api";
import { PageFrame } from "../../parts/DetailPage";
import { Go } from "../../parts/Go";
import { Loaded, Nothing } from "../../parts/States";
import { useUnsaved } from "../../parts/Unsaved";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import { CATALOGUE, mayCurate, type Product, Standing, Thumb, titleOf, undoing } from "./shown";

const KEY = [...CATALOGUE, "featured"];

export default function Featured() {
  const query = useQuery({ queryKey: KEY, queryFn: () => got(api().GET("/catalogue/featured")) });
  return <Loaded query={query}>{(data) => <Order key={data.revision} data={data} />}</Loaded>;
}

function Order({ data }: { data: Schemas["FeaturedView"] }) {
  const queries = useQueryClient();
  const known = new Map(data.products.map((one) => [one.asin, one]));
  const [asins, setAsins] = useState(data.asins);
  const dirty = JSON.stringify(asins) !== JSON.stringify(data.asins);
  useUnsaved(dirty);
  const saving = useMutation({
    mutationFn: () => got(api().PUT("/catalogue/featured", { body: { asins, revision: data.revision } })),
    onSuccess: async (answer) => {
      tell("success", "Members see this order from now on.", undoing(queries, answer.revision));
      await queries.invalidateQueries({ queryKey: CATALOGUE });
    },
  });
  const stale = saving.error instanceof Problem && saving.error.code === "stale-order";
  useEffect(() => saving.reset(), [asins]);
  const readOnly = !mayCurate();
  const move = (from: number, to: number) => {
    const next = [...asins];
    const [one] = next.splice(from, 1);
    next.splice(to, 0, one!);
    setAsins(next);
  };
  return (
    <PageFrame
      title="Featured order"
      description="These come first in the portal, in this order, wherever nothing else is asked for. Choose products in the list to feature them."
      actions={
        !readOnly && (
          <>
            {dirty && <Button onClick={() => setAsins(data.asins)}>Discard changes</Button>}
            <Button variant="primary" disabled={!dirty || stale} loading={saving.isPending} onClick={() => saving.mutate()}>Save order</Button>
          </>
        )
      }
    >
      <SpaceBetween size="m">
        {saving.error && (
          <Alert type="error" action={stale && <Button onClick={() => void queries.invalidateQueries({ queryKey: KEY })}>See theirs</Button>}>{wordsOf(saving.error)}</Alert>
        )}
        <Container>
          {asins.length === 0 ? (
            <Nothing title="Nothing is featured" action={<Go to="/catalogue/products">Choose products</Go>}>Featured products are the first that members see.</Nothing>
          ) : (
            <List<string>
              items={asins}
              sortable={!readOnly}
              ariaLabel="Featured products"
              onSortingChange={({ detail }) => setAsins([...detail.items])}
              i18nStrings={{ dragHandleAriaLabel: "Drag", dragHandleAriaDescription: "Press Space or Enter to take it, the arrow keys to move it, Space or Enter again to put it down, Escape to leave it." }}
              renderItem={(asin) => {
                const product = known.get(asin);
                const at = asins.indexOf(asin);
                const title = product ? titleOf(product) : asin;
                return {
                  id: asin,
                  announcementLabel: title,
                  icon: product ? <Thumb product={product} /> : undefined,
                  content: <Go to={`/catalogue/products/${asin}`}>{`${at + 1}. ${title}`}</Go>,
                  secondaryContent: product && <Line product={product} />,
                  ...(!readOnly && {
                    actions: (
                      <SpaceBetween direction="horizontal" size="xxs">
                        <Button variant="icon" iconName="angle-up" ariaLabel={`Move ${title} up`} disabled={at === 0} onClick={() => move(at, at - 1)} />
                        <Button variant="icon" iconName="angle-down" ariaLabel={`Move ${title} down`} disabled={at === asins.length - 1} onClick={() => move(at, at + 1)} />
                        <Button variant="icon" iconName="close" ariaLabel={`Do not feature ${title}`} onClick={() => setAsins(asins.filter((one) => one !== asin))} />
                      </SpaceBetween>
                    ),
                  }),
                };
              }}
            />
          )}
        </Container>
      </SpaceBetween>
    </PageFrame>
  );
}

function Line({ product }: { product: Product }) {
  return (
    <SpaceBetween direction="horizontal" size="m">
      <Standing why={product.why} words={product.words} limited={product.limited} />
      {product.points !== null && <Box color="text-body-secondary">{number(product.points)} points</Box>}
    </SpaceBetween>
  );
}
