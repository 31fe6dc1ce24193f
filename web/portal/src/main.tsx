import { createRoot } from "react-dom/client";
import { loadConfig } from "@shared/config";
import { paint } from "@shared/theme";
import { App } from "./app";
import "./styles/index.css";
import { listen } from "./preview";
import { preferredLanguage, setLanguage } from "./words";

const BRAND = "brand-colour";
const RETRY_SECONDS = 3;

async function start(): Promise<void> {
  // A visit that is not the first has the right colour from the first moment.
  const last = localStorage.getItem(BRAND);
  if (last) paint(last);
  const root = document.getElementById("portal")!;
  try {
    const { brand, store, default_language } = await loadConfig();
    if (brand.accent !== last) paint(brand.accent);
    localStorage.setItem(BRAND, brand.accent);
    listen((language) => setLanguage(language, store.locale.slice(-2)));
    document.title = brand.name;
    await setLanguage(preferredLanguage(default_language), store.locale.slice(-2));
  } catch {
    // Neither words nor colours are known yet.
    root.innerHTML = "<p class='unreachable' role='alert'>The shop cannot be reached. We keep trying.</p>";
    setTimeout(() => void start(), RETRY_SECONDS * 1000);
    return;
  }
  root.innerHTML = "";
  createRoot(root).render(<App />);
}

void start();
