/** One colour as it was entered, and the readable ones that the portal makes of it, with their contrast. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { contrast, palette } from "@shared/theme";
import { FieldFrame, TextField } from "../../parts/Form";

const HEX = /^#[0-9a-f]{6}$/i;

type Use = { use: string; colour: string; on: string; needed: number };

export function Colour({ accent, set, readOnly }: { accent: string; set: (accent: string) => void; readOnly: boolean }) {
  return (
    <Container header={<Header variant="h2" description="One colour. Where it would be hard to read the portal moves its lightness, never its hue.">Colour</Header>}>
      <SpaceBetween size="l">
        <SpaceBetween direction="horizontal" size="s" alignItems="start">
          <FieldFrame name="-" label="Choose">
            <input className="colour" type="color" aria-label="Choose a colour" value={HEX.test(accent) ? accent.toLowerCase() : "#000000"} disabled={readOnly} onChange={(event) => set(event.currentTarget.value)} />
          </FieldFrame>
          <TextField
            name="brand.accent"
            label="Brand colour"
            placeholder="#0b6e4f"
            value={accent}
            onChange={(typed) => set(typed.trim())}
            disabled={readOnly}
            error={HEX.test(accent) ? "" : "Write it like #1f4b99."}
          />
        </SpaceBetween>
        {HEX.test(accent) && <Uses accent={accent} />}
      </SpaceBetween>
    </Container>
  );
}

function Uses({ accent }: { accent: string }) {
  const colours = palette(accent);
  const uses: Use[] = [
    { use: "As entered, on paper", colour: accent.toLowerCase(), on: colours.paper, needed: 0 },
    { use: "Buttons, with their letters", colour: colours.brand, on: colours["on-brand"], needed: 4.5 },
    { use: "Text and links", colour: colours.accent, on: colours.paper, needed: 4.5 },
    { use: "Lines and marks", colour: colours.mark, on: colours.paper, needed: 3 },
  ];
  return (
    <Table
      variant="embedded"
      items={uses}
      trackBy="use"
      ariaLabels={{ tableLabel: "Colours as used" }}
      columnDefinitions={[
        { id: "use", header: "Used for", cell: ({ use }) => use },
        {
          id: "colour",
          header: "Colour",
          cell: ({ use, colour, on }) =>
            use.startsWith("Buttons") ? <span className="swatch" style={{ background: colour, color: on }}>{colour}</span> : use.startsWith("Text") ? <span className="swatch" style={{ background: on, color: colour }}>{colour}</span> : <Plain colour={colour} />,
        },
        { id: "contrast", header: "Contrast", cell: ({ colour, on }) => <span className="num">{contrast(colour, on).toFixed(1)} : 1</span> },
        {
          id: "fits",
          header: "Readable",
          cell: ({ colour, on, needed }) => (needed === 0 ? "–" : <StatusIndicator type={contrast(colour, on) >= needed ? "success" : "warning"}>{needed} : 1 needed</StatusIndicator>),
        },
      ]}
    />
  );
}

function Plain({ colour }: { colour: string }) {
  return (
    <span className="plain-swatch">
      <span className="swatch" style={{ background: colour, minWidth: 32 }} aria-hidden="true" />
      {colour}
    </span>
  );
}
