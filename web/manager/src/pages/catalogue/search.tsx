/** What Amazon Business sells now, and taking it into the catalogue. */
import Alert from "@cloudscape-design/components/alert";
import Badge from "@cloudscape-design/components/badge";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Cards from "@cloudscape-design/components/cards";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { number } from "@shared/shown";
import { api, got, type Schemas } from "../../api";
import { PageFrame } from "../../parts/DetailPage";
import { useFilters } from "../../parts/filters";
import { Go } from "../../parts/Go";
import { Money } from "../../parts/Shown";
import { Failed, Nothing } from "../../parts/States";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import { CATALOGUE, undoing } from "./shown";

export default function Search() {
  const [filters, change] = useFilters();
  const { q = "", category = "", page = "0" } = filters;
  const [typed, setTyped] = useState(q);
  const [under, setUnder] = useState("");
  const own = useQuery({ queryKey: [...CATALOGUE, "categories"], queryFn: () => got(api().GET("/catalogue/categories")) });
  const categories = (own.data?.programme ?? []).filter((one) => one.own);
  const found = useQuery({
    queryKey: ["shop", q, category, page],
    queryFn: () => got(api().GET("/catalogue/search", { params: { query: { q, page: Number(page), ...(category && { category }) } } })),
    enabled: q !== "",
    placeholderData: keepPreviousData,
    // Amazon lets us ask only so often.
    retry: false,
    staleTime: 60_000,
  });
  const search = (event: FormEvent) => {
    event.preventDefault();
    change({ q: typed.trim(), category: undefined, page: undefined });
  };
  const options = [{ value: "", label: "As Amazon files it" }, ...categories.map(({ code, name }) => ({ value: code, label: name }))];
  const narrow = [{ value: "", label: "All categories" }, ...(found.data?.categories ?? []).map(({ category: code, name }) => ({ value: code, label: name }))];
  return (
    <PageFrame title="Search Amazon" description="What Amazon Business sells at this moment. What you add is picked: members see it at once, and the sync keeps it fresh.">
      <SpaceBetween size="l">
        <form onSubmit={search}>
          <SpaceBetween direction="horizontal" size="s" alignItems="end">
            <FormField label="Search for"><Input type="search" value={typed} placeholder="Words, a brand" onChange={({ detail }) => setTyped(detail.value)} /></FormField>
            <Button variant="primary" iconName="search" formAction="submit" disabled={!typed.trim()} loading={found.isFetching}>Search</Button>
            {found.data && <FormField label="Category"><Select selectedOption={narrow.find(({ value }) => value === category) ?? narrow[0]!} options={narrow} onChange={({ detail }) => change({ category: detail.selectedOption.value || undefined, page: undefined })} /></FormField>}
            {categories.length > 0 && <FormField label="Add under"><Select selectedOption={options.find(({ value }) => value === under) ?? options[0]!} options={options} onChange={({ detail }) => setUnder(detail.selectedOption.value ?? "")} /></FormField>}
          </SpaceBetween>
        </form>
        {found.error && <Failed error={found.error} retry={() => void found.refetch()} busy={found.isFetching} />}
        {q === "" ? (
          <Nothing title="Nothing searched for yet">Search for words or a brand to see what could be added.</Nothing>
        ) : (
          found.data && <Found answer={found.data} under={under} page={Number(page)} turn={(to) => change({ page: to ? String(to) : undefined })} />
        )}
      </SpaceBetween>
    </PageFrame>
  );
}

function Found({ answer, under, page, turn }: { answer: Schemas["ShopPage"]; under: string; page: number; turn: (page: number) => void }) {
  return (
    <Cards<Schemas["ShopProduct"]>
      items={answer.products}
      trackBy="asin"
      ariaLabels={{ itemSelectionLabel: () => "", selectionGroupLabel: "" }}
      cardsPerRow={[{ cards: 1 }, { minWidth: 600, cards: 2 }, { minWidth: 1000, cards: 3 }]}
      header={<Box variant="h2">{number(answer.matching)} found</Box>}
      pagination={answer.pages > 1 && <Pagination currentPageIndex={page + 1} pagesCount={answer.pages} onChange={({ detail }) => turn(detail.currentPageIndex - 1)} />}
      empty={<Nothing title="Amazon sells nothing like that to us">Try other words.</Nothing>}
      cardDefinition={{
        header: (product) => <span className="with-thumb">{product.image_url && <img src={product.image_url} alt="" width={56} height={56} loading="lazy" className="thumb" />}<span>{product.title}</span></span>,
        sections: [
          { id: "facts", content: (product) => <Facts product={product} /> },
          { id: "add", content: (product) => <Add product={product} under={under} /> },
        ],
      }}
    />
  );
}

function Facts({ product }: { product: Schemas["ShopProduct"] }) {
  return (
    <SpaceBetween direction="horizontal" size="s">
      {product.price_minor !== null && <Money minor={product.price_minor} currency={product.currency} />}
      {product.kinds > 0 && <Badge>{product.kinds} kinds</Badge>}
      {product.star_rating !== null && <span>{product.star_rating} of 5</span>}
      <Box color="text-body-secondary" display="inline">{[product.brand, product.asin, product.availability].filter(Boolean).join(" · ")}</Box>
    </SpaceBetween>
  );
}

function Add({ product, under }: { product: Schemas["ShopProduct"]; under: string }) {
  const queries = useQueryClient();
  const [, go] = useLocation();
  const adding = useMutation({
    mutationFn: () => got(api().POST("/catalogue/additions", { body: { asin: product.asin, ...(under && { category: under }) } })),
    onSuccess: async (answer) => {
      tell(answer.why ? "warning" : "success", answer.why ? `It is in the catalogue, but not shown: ${answer.words}` : "It is on the shelf.", undoing(queries, answer.change_id));
      await queries.invalidateQueries({ queryKey: CATALOGUE });
    },
  });
  if (product.never) return <StatusIndicator type="stopped">{product.never}</StatusIndicator>;
  if (product.known || adding.data) {
    return (
      <SpaceBetween direction="horizontal" size="s" alignItems="center">
        <StatusIndicator type="success">In the catalogue</StatusIndicator>
        <Go to={`/catalogue/products/${product.asin}`}>Open</Go>
      </SpaceBetween>
    );
  }
  return (
    <SpaceBetween size="xs">
      <Button loading={adding.isPending} ariaLabel={`Add ${product.title}`} iconName="add-plus" onClick={() => adding.mutate()}>Add</Button>
      {adding.error && <Alert type="error" action={<Button onClick={() => go(`/catalogue/products?search=${product.asin}`)}>Look in the list</Button>}>{wordsOf(adding.error)}</Alert>}
    </SpaceBetween>
  );
}
