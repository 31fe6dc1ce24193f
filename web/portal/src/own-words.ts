/** The programme's own words about a reward, in the language that is spoken; else the shop's. */
import { spokenLanguage } from "./words";

type Texts = Readonly<Record<string, { title?: string | null | undefined; description?: string | null | undefined }>>;

/** What it is called. */
export const titleOf = ({ title, texts }: { title: string; texts?: Texts }): string => texts?.[spokenLanguage()]?.title || title;

/** The same without the brand that stands above it. */
export function nameOf(product: { title: string; brand: string; texts?: Texts }): string {
  const { brand } = product;
  const title = titleOf(product);
  const rest = brand && title.startsWith(`${brand} `) ? title.slice(brand.length + 1) : title;
  return rest || title;
}

/** What it is. */
export const descriptionOf = ({ description, texts }: { description: string; texts?: Texts }): string =>
  texts?.[spokenLanguage()]?.description || description;

/** What a category is called. */
export const categoryName = ({ name, names }: { name: string; names: Readonly<Record<string, string>> }): string => names[spokenLanguage()] || name;
