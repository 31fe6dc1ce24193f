/** Photos of a case: chosen or taken, looked at, sent straight to the store with their progress; refused before they are sent. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { api, got } from "@shared/client";
import { Problem } from "@shared/problem";
import { number } from "@shared/shown";
import type { Schemas } from "../queries";
import { say } from "../words";
import { wordsOf } from "./states";

const TYPES = ["image/jpeg", "image/png", "image/webp", "image/heic"];
const LARGEST_MB = 10;
const MOST = 8;

/** `stored`: its file's id, once the case has a place for it. */
type Photo = { id: number; file: File; preview: string; wrong: string | null; stored: string | null };

let count = 0;

export function Photos({ found }: { found: Schemas["CaseView"] }) {
  const id = useId();
  const [photos, setPhotos] = useState<Photo[]>([]);
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef(photos);
  latest.current = photos;
  useEffect(() => () => latest.current.forEach(({ preview }) => URL.revokeObjectURL(preview)), []);
  const places = new Set(found.files.filter(({ purpose }) => purpose === "photo").map(({ file_id }) => file_id));
  const there = places.size;
  // One that has a place already is not counted again.
  const room = MOST - there - photos.filter(({ wrong, stored }) => wrong === null && !(stored && places.has(stored))).length;
  const add = (files: readonly File[]) => {
    let left = room;
    const added = files.map((file) => {
      const wrong = refusal(file, left > 0);
      if (wrong === null) left -= 1;
      return { id: (count += 1), file, preview: URL.createObjectURL(file), wrong, stored: null };
    });
    setPhotos((known) => [...known, ...added]);
  };
  const keep = (photo: Photo, stored: string) => setPhotos((known) => known.map((other) => (other.id === photo.id ? { ...other, stored } : other)));
  const drop = (photo: Photo) => {
    URL.revokeObjectURL(photo.preview);
    setPhotos((known) => known.filter((other) => other.id !== photo.id));
  };
  return (
    <section className="section" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{say("case.photos")}</h2>
      {there > 0 && <p>{say("case.photos_there", { count: number(there), most: number(MOST) })}</p>}
      <p id={`${id}-hint`} className="small muted">{say("case.photos_hint", { most: number(MOST), size: number(LARGEST_MB) })}</p>
      {photos.length > 0 && (
        <ul className="photos">
          {photos.map((photo) => (
            <li key={photo.id}>
              {photo.file.type === "image/heic" ? <span className="plate small" /> : <img src={photo.preview} alt="" onError={(event) => event.currentTarget.removeAttribute("src")} />}
              <span className="small photo-name">{photo.file.name}</span>
              {photo.wrong === null ? (
                <Sending caseId={found.case_id} photo={photo} onPlace={(stored) => keep(photo, stored)} onDrop={() => drop(photo)} />
              ) : (
                <p className="small wrong" role="alert">
                  {photo.wrong} <button type="button" className="link" onClick={() => drop(photo)}>{say("case.photo_drop")}</button>
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
      {room > 0 && (
        <div className="actions">
          <input
            ref={input}
            id={`${id}-input`}
            className="hidden"
            type="file"
            multiple
            accept={TYPES.join(",")}
            aria-describedby={`${id}-hint`}
            aria-label={say("case.photos_add")}
            onChange={(event) => (add([...(event.currentTarget.files ?? [])]), (event.currentTarget.value = ""))}
          />
          <label htmlFor={`${id}-input`} className="button quiet" aria-hidden="true">{say("case.photos_add")}</label>
        </div>
      )}
    </section>
  );
}

/** Why it cannot be sent; null if it can. */
function refusal(file: File, fits: boolean): string | null {
  if (!TYPES.includes(file.type)) return say("case.photo_type");
  if (file.size === 0) return say("case.photo_empty");
  if (file.size > LARGEST_MB * 1024 * 1024) return say("case.photo_size", { size: number(Math.ceil(file.size / 1024 / 1024)), most: number(LARGEST_MB) });
  return fits ? null : say("case.photo_many", { most: number(MOST) });
}

function Sending({ caseId, photo, onPlace, onDrop }: { caseId: string; photo: Photo; onPlace: (stored: string) => void; onDrop: () => void }) {
  const queries = useQueryClient();
  const [share, setShare] = useState(0);
  // Asked for once, so that sending it again after a broken connection takes no second place.
  const promised = useRef<{ upload: Schemas["UploadView"]; until: number } | null>(null);
  const sending = useMutation({
    mutationFn: async () => {
      const { file } = photo;
      if (!promised.current || promised.current.until < Date.now()) {
        const upload = await got(api().POST("/cases/{case_id}/photos", { params: { path: { case_id: caseId } }, body: { content_type: file.type, size_bytes: file.size } }));
        promised.current = { upload, until: Date.now() + 9 * 60_000 };
        onPlace(upload.file_id);
      }
      await put(promised.current.upload, file, setShare);
    },
    // Also one that broke off has its place.
    onSettled: () => void queries.invalidateQueries({ queryKey: ["cases", caseId] }),
  });
  useEffect(() => sending.mutate(), []);
  if (sending.isSuccess) return <p className="small" role="status">{say("case.photo_sent")}</p>;
  if (sending.error) {
    return (
      <p className="small wrong" role="alert">
        {wordsOf(sending.error)} <button type="button" className="link" onClick={() => sending.mutate()}>{say("states.retry")}</button>{" "}
        <button type="button" className="link" onClick={onDrop}>{say("case.photo_drop")}</button>
      </p>
    );
  }
  return <progress className="sending-share" value={share} max={1} aria-label={say("case.photo_sending", { name: photo.file.name })} />;
}

/** Fetch does not tell how far it is. */
function put({ url, headers }: Schemas["UploadView"], file: File, tell: (share: number) => void): Promise<void> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value));
    request.upload.onprogress = ({ loaded, total }) => tell(total ? loaded / total : 0);
    request.onload = () => (request.status < 300 ? done() : fail(new Problem("photo-refused", request.status)));
    request.onerror = () => fail(new Problem("offline", 0));
    request.send(file);
  });
}
