/** The logo: chosen, drawn anew by the server, shown as members will get it. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FileUpload from "@cloudscape-design/components/file-upload";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "@shared/problem";
import { api, got, type Schemas } from "../../api";
import { may } from "../../may";
import { FieldFrame, TextField } from "../../parts/Form";
import { tell } from "../../tell";
import { wordsOf } from "../../words";
import type { Brand } from "./brand";

const LARGEST_KB = 512;
const TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif"];

type Props = { logo: string | null; address: string | null; name: string; set: (fields: Partial<Brand>) => void; readOnly: boolean };

export function Logo({ logo, address, name, set, readOnly }: Props) {
  const queries = useQueryClient();
  const [wrong, setWrong] = useState("");
  const shown = useQuery({
    queryKey: ["logo", logo],
    queryFn: () => got(api().GET("/programme/logo/{digest}", { params: { path: { digest: logo! } } })),
    enabled: logo !== null,
    staleTime: Infinity,
  });
  const sending = useMutation({
    mutationFn: async (file: File) => got(api().POST("/programme/logo", { body: { picture: await base64(file) } })),
    onSuccess: (answer: Schemas["LogoView"]) => {
      queries.setQueryData(["logo", answer.logo], answer);
      set({ logo: answer.logo });
      tell("info", `The logo is ${answer.width} by ${answer.height} pixels now. Save the draft to keep it.`);
    },
    onError: (failure) => setWrong(failure instanceof Problem && failure.fields[0] ? failure.fields[0].detail : wordsOf(failure)),
  });
  const choose = (file: File | undefined) => {
    if (!file) return;
    const refusal = refused(file);
    setWrong(refusal);
    if (!refusal) sending.mutate(file);
  };
  return (
    <SpaceBetween size="m">
      <FieldFrame name="brand.logo" label="Logo" hint="A PNG with a transparent ground is best. It is shown 28 pixels high on white." error={wrong} constraint={`PNG, JPEG, WebP or GIF, at most ${LARGEST_KB} kB. No SVG: it can carry scripts.`}>
        <SpaceBetween size="s">
          <span className="logo">
            {shown.data ? <img src={shown.data.data_url} alt={`The logo of ${name}`} /> : address ? <img src={address} alt={`The logo of ${name}`} /> : <Box color="text-body-secondary">The name stands in its place</Box>}
          </span>
          {!readOnly && may("POST /programme/logo") && (
            <SpaceBetween direction="horizontal" size="xs">
              <FileUpload
                value={[]}
                accept={TYPES.join(",")}
                onChange={({ detail }) => choose(detail.value[0])}
                i18nStrings={{ uploadButtonText: () => (sending.isPending ? "Drawing it …" : "Choose a file"), dropzoneText: () => "Drop the logo here", removeFileAriaLabel: () => "Remove", limitShowFewer: "Fewer", limitShowMore: "More", errorIconAriaLabel: "Error" }}
              />
              {(logo || address) && <Button formAction="none" onClick={() => set({ logo: null, logo_url: null })}>Remove the logo</Button>}
            </SpaceBetween>
          )}
        </SpaceBetween>
      </FieldFrame>
      {!logo && <TextField name="brand.logo_url" label="Or the address of one that is elsewhere" value={address ?? ""} placeholder="https://" onChange={(url) => set({ logo_url: url || null })} disabled={readOnly} stretch />}
    </SpaceBetween>
  );
}

/** What need not be sent to be refused. */
function refused(file: File): string {
  if (file.type === "image/svg+xml") return "An SVG can carry scripts, so none is taken: save the logo as a PNG, 640 pixels wide.";
  if (!TYPES.includes(file.type)) return "This is no PNG, JPEG, WebP or GIF.";
  return file.size > LARGEST_KB * 1024 ? `A logo has at most ${LARGEST_KB} kB: save it smaller.` : "";
}

async function base64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
