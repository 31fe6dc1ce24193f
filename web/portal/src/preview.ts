/**
 * The portal inside the manager app: a brand that is not published yet, shown and never kept. Only the manager app may frame
 * the portal (the content security policy says so), and only its messages are heard.
 */
import { type Config, config, replaceConfig } from "@shared/config";
import { paint } from "@shared/theme";

type Brand = Config["brand"] & { logo?: string | null };
type Heard = { kind: "preview-brand"; brand: Brand; language?: string };

const ASK_EVERY_MS = 500;

let version = 0;
const listeners = new Set<() => void>();

/** Changes with each brand that is shown. */
export const previewed = (): number => version;
export const onPreview = (listener: () => void) => (listeners.add(listener), () => listeners.delete(listener));

/** Whether somebody else's page is around this one. */
export const isFramed = (): boolean => window.parent !== window;

/** Listen to the manager app, and tell it that somebody listens. `speak` sets the language. */
export function listen(speak: (language: string) => Promise<void>): void {
  const { manager_origin, api } = config();
  if (!isFramed() || !manager_origin) return;
  addEventListener("message", ({ origin, source, data }: MessageEvent<unknown>) => {
    if (origin !== manager_origin || source !== window.parent || !isBrand(data)) return;
    clearInterval(asking);
    const { logo, ...brand } = data.brand;
    replaceConfig<Config>({ ...config(), brand: { ...brand, logo_url: logo ? `${api}/brand/logos/${logo}` : brand.logo_url } });
    if (/^#[0-9a-f]{6}$/i.test(brand.accent)) paint(brand.accent);
    document.title = brand.name;
    const shown = () => {
      version += 1;
      listeners.forEach((listener) => listener());
    };
    if (data.language) speak(data.language).then(shown, shown);
    else shown();
  });
  const ask = () => window.parent.postMessage({ kind: "preview-ready" }, manager_origin);
  // Until it is heard: the page around may still be drawing itself.
  const asking = setInterval(ask, ASK_EVERY_MS);
  ask();
}

function isBrand(data: unknown): data is Heard {
  const told = data as Partial<Heard> | null;
  return typeof told === "object" && told?.kind === "preview-brand" && typeof told.brand?.name === "string" && typeof told.brand.accent === "string";
}
