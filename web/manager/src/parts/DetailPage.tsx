/** One thing with all that is known of it: a title, what can be done, sections of pairs or anything else. */
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { Loaded } from "./States";

/** `pairs`: label and value, what is null or undefined is left out; `content`: anything else, below them. */
export type Section = {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  pairs?: readonly (readonly [label: string, value: ReactNode])[];
  columns?: 1 | 2 | 3 | 4;
  content?: ReactNode;
  /** Half a row: two such sections stand beside one another. */
  half?: boolean;
  /** Only its content, which has boxes of its own. */
  bare?: boolean;
};

type Props<Data> = {
  query: Pick<UseQueryResult<Data>, "data" | "error" | "isFetching" | "refetch">;
  /** The list that it is one of. */
  from: { label: string; path: string };
  title: (data: Data) => string;
  description?: (data: Data) => ReactNode;
  actions?: (data: Data) => ReactNode;
  sections: (data: Data) => readonly (Section | null | false)[];
};

export function DetailPage<Data>({ query, from, title, description, actions, sections }: Props<Data>) {
  return (
    <Loaded query={query}>
      {(data) => (
        <PageFrame title={title(data)} description={description?.(data)} actions={actions?.(data)} from={from}>
          <Sections sections={sections(data)} />
        </PageFrame>
      )}
    </Loaded>
  );
}

/** The frame of any page that is no list. */
export function PageFrame({ title, description, actions, from, children }: { title: string; description?: ReactNode; actions?: ReactNode; from?: { label: string; path: string }; children: ReactNode }) {
  const [, go] = useLocation();
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={description} actions={actions && <div className="actions">{actions}</div>}>
          {title}
        </Header>
      }
      breadcrumbs={from && (
        <BreadcrumbGroup
          items={[{ text: from.label, href: from.path }, { text: title, href: "" }]}
          onFollow={(event) => {
            event.preventDefault();
            if (event.detail.href) go(event.detail.href);
          }}
        />
      )}
    >
      {children}
    </ContentLayout>
  );
}

export function Sections({ sections }: { sections: readonly (Section | null | false)[] }) {
  const rows: (Section | [Section, Section])[] = [];
  for (const section of sections) {
    if (!section) continue;
    const last = rows.at(-1);
    if (section.half && last && !Array.isArray(last) && last.half) rows[rows.length - 1] = [last, section];
    else rows.push(section);
  }
  return (
    <SpaceBetween size="l">
      {rows.map((row) =>
        Array.isArray(row) ? (
          <ColumnLayout key={row[0].title} columns={2}>{row.map((one) => <One key={one.title} section={one} />)}</ColumnLayout>
        ) : (
          <One key={row.title} section={row} />
        ),
      )}
    </SpaceBetween>
  );
}

function One({ section }: { section: Section }) {
  if (section.bare) return <>{section.content}</>;
  const pairs = section.pairs?.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return (
    <Container
      fitHeight={section.half ?? false}
      header={<Header variant="h2" description={section.description} actions={section.actions && <div className="actions">{section.actions}</div>}>{section.title}</Header>}
    >
      <SpaceBetween size="l">
        {pairs && pairs.length > 0 && <KeyValuePairs columns={section.columns ?? (section.half ? 2 : 4)} items={pairs.map(([label, value]) => ({ label, value }))} />}
        {section.content}
      </SpaceBetween>
    </Container>
  );
}
