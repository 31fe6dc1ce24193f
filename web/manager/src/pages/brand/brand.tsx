/** The company's face: name, logo, colour, texts and links, beside the portal that shows them. */
import Container from "@cloudscape-design/components/container";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { languageName } from "@shared/shown";
import { config } from "../../config";
import type { SectionDraft } from "../../draft";
import { DraftPage } from "../../parts/DraftPage";
import { TextField } from "../../parts/Form";
import { Preview } from "../../parts/Preview";
import { MapRows } from "../../parts/Rows";
import { Colour } from "./colour";
import { Logo } from "./logo";

export type Brand = {
  name: string;
  logo: string | null;
  logo_url: string | null;
  accent: string;
  texts: Record<string, Record<string, string>>;
  links: Record<string, string>;
};

const TAGLINE = "tagline";

export default function BrandPage() {
  return (
    <DraftPage<Brand> section="brand" title="Brand" description="What members see of the company. The portal at the right shows it as you type.">
      {(value, change, _, readOnly) => <Both value={value} change={change} readOnly={readOnly} />}
    </DraftPage>
  );
}

type Props = { value: Brand; change: SectionDraft<Brand>["change"]; readOnly: boolean };

function Both({ value, change, readOnly }: Props) {
  const { languages } = config();
  const set = (fields: Partial<Brand>) => change((before) => ({ ...before, ...fields }));
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, s: 7 } }, { colspan: { default: 12, s: 5 } }]}>
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">Name and logo</Header>}>
          <SpaceBetween size="l">
            <TextField name="brand.name" label="Name" value={value.name} onChange={(name) => set({ name })} disabled={readOnly} stretch />
            <Logo logo={value.logo} address={value.logo_url} name={value.name} set={set} readOnly={readOnly} />
          </SpaceBetween>
        </Container>
        <Colour accent={value.accent} set={(accent) => set({ accent })} readOnly={readOnly} />
        <Container header={<Header variant="h2" description="One sentence under the name, for who is not signed in yet.">Tagline</Header>}>
          <SpaceBetween size="m">
            {languages.map((language) => (
              <TextField
                key={language}
                name={`brand.texts.${language}.${TAGLINE}`}
                label={languageName(language)}
                value={value.texts[language]?.[TAGLINE] ?? ""}
                onChange={(text) => set({ texts: withText(value.texts, language, TAGLINE, text) })}
                disabled={readOnly}
                stretch
              />
            ))}
          </SpaceBetween>
        </Container>
        <Container header={<Header variant="h2" description="At the foot of every page: help, privacy, imprint. What each is called stands below it, a language each.">Links</Header>}>
          <MapRows<string>
            value={value.links}
            onChange={(links) => set({ links })}
            fresh={() => ["", "https://"]}
            add="Add a link"
            noun="link"
            disabled={readOnly}
            empty="There are none yet."
            draw={([code, link], put) => (
              <SpaceBetween size="xs">
                <SpaceBetween direction="horizontal" size="s">
                  <TextField name={`brand.links.${code}.[key]`} label="Code" placeholder="privacy" value={code} onChange={(next) => put([next, link])} disabled={readOnly} />
                  <TextField name={`brand.links.${code}`} label="Address" value={link} onChange={(next) => put([code, next])} disabled={readOnly} />
                </SpaceBetween>
                {code && (
                  <SpaceBetween direction="horizontal" size="s">
                    {languages.map((language) => (
                      <TextField
                        key={language}
                        name={`brand.texts.${language}.${code}`}
                        label={`Called in ${languageName(language)}`}
                        value={value.texts[language]?.[code] ?? ""}
                        onChange={(text) => set({ texts: withText(value.texts, language, code, text) })}
                        disabled={readOnly}
                      />
                    ))}
                  </SpaceBetween>
                )}
              </SpaceBetween>
            )}
          />
        </Container>
      </SpaceBetween>
      <div className="beside">
        <Container header={<Header variant="h2">Preview</Header>}>
          <Preview brand={value} languages={languages} />
        </Container>
      </div>
    </Grid>
  );
}

/** Without a text the code is not there at all: the software's own words stand for it. */
function withText(texts: Brand["texts"], language: string, code: string, text: string): Brand["texts"] {
  const { [code]: _, ...others } = texts[language] ?? {};
  return { ...texts, [language]: text ? { ...others, [code]: text } : others };
}
