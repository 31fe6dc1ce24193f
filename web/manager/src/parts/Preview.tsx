/** The portal itself, in a frame, with a brand that is not published: it hears it from this page and keeps nothing. */
import Box from "@cloudscape-design/components/box";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { languageName } from "@shared/shown";
import { config } from "../config";

const WIDTHS = { phone: 390, desk: 1280 } as const;
const HEIGHT = 660;
const PLACES = [
  { value: "/preview", label: "A product" },
  { value: "/", label: "Signed out" },
  { value: "/help", label: "Help" },
];
const TYPING_MS = 120;

type Props = { brand: unknown; languages: readonly string[] };

export function Preview({ brand, languages }: Props) {
  const frame = useRef<HTMLIFrameElement>(null);
  const room = useRef<HTMLDivElement>(null);
  const [ready, setReady] = useState(0);
  const [width, setWidth] = useState<keyof typeof WIDTHS>("phone");
  const [place, setPlace] = useState(PLACES[0]!.value);
  const [language, setLanguage] = useState(languages.includes("en") ? "en" : languages[0] ?? "en");
  const [available, setAvailable] = useState(0);
  const origin = config().portal_origin;
  // Before the frame has anything to say.
  useLayoutEffect(() => {
    const hear = ({ origin: from, source, data }: MessageEvent<{ kind?: string } | null>) => {
      if (from === origin && source === frame.current?.contentWindow && data?.kind === "preview-ready") setReady((times) => times + 1);
    };
    addEventListener("message", hear);
    return () => removeEventListener("message", hear);
  }, []);
  useEffect(() => {
    if (!ready) return undefined;
    const tell = () => frame.current?.contentWindow?.postMessage({ kind: "preview-brand", brand, language }, origin);
    const timer = setTimeout(tell, TYPING_MS);
    return () => clearTimeout(timer);
  }, [ready, JSON.stringify(brand), language]);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => entry && setAvailable(entry.contentRect.width));
    if (room.current) watch.observe(room.current);
    return () => watch.disconnect();
  }, []);
  const scale = Math.min(1, available ? available / WIDTHS[width] : 1);
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="s" alignItems="center">
        <SegmentedControl
          label="Width"
          selectedId={width}
          onChange={({ detail }) => setWidth(detail.selectedId as keyof typeof WIDTHS)}
          options={[{ id: "phone", text: "Phone" }, { id: "desk", text: "Desk" }]}
        />
        <Select ariaLabel="Page" selectedOption={PLACES.find(({ value }) => value === place) ?? null} options={PLACES} onChange={({ detail }) => setPlace(detail.selectedOption.value ?? "/")} />
        {languages.length > 1 && (
          <Select
            ariaLabel="Language"
            selectedOption={{ value: language, label: languageName(language) }}
            options={languages.map((value) => ({ value, label: languageName(value) }))}
            onChange={({ detail }) => setLanguage(detail.selectedOption.value ?? "en")}
          />
        )}
      </SpaceBetween>
      <div ref={room} className="preview" style={{ height: HEIGHT }}>
        <iframe
          ref={frame}
          key={place}
          title="The portal with this brand"
          src={origin + place}
          style={{ width: WIDTHS[width], height: HEIGHT / scale, transform: `scale(${scale})` }}
        />
      </div>
      <Box color="text-body-secondary" fontSize="body-s">This is the portal itself. What you see is not saved, and nobody else sees it.</Box>
    </SpaceBetween>
  );
}
