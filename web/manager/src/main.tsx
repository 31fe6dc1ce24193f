import { createRoot } from "react-dom/client";
import { loadConfig } from "@shared/config";
import { speak } from "@shared/shown";
import { App } from "./app";
import type { Config } from "./config";
import "./styles.css";

const RETRY_SECONDS = 3;

async function start(): Promise<void> {
  const root = document.getElementById("manager")!;
  try {
    const { brand, locale } = await loadConfig<Config>();
    document.title = `${brand.name} manager`;
    speak("en", locale.slice(-2));
  } catch {
    root.innerHTML = "<p class='unreachable' role='alert'>The manager cannot be reached. We keep trying.</p>";
    setTimeout(() => void start(), RETRY_SECONDS * 1000);
    return;
  }
  root.innerHTML = "";
  createRoot(root).render(<App />);
}

void start();
