import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Written as React, built as Preact: less than half of the script (docs/decisions.md).
export default defineConfig({
  root: here("."),
  resolve: {
    alias: [
      { find: /^@shared\//, replacement: here("../shared/") },
      { find: /^react-dom\/client$/, replacement: "preact/compat/client" },
      { find: /^react\/jsx-runtime$/, replacement: "preact/jsx-runtime" },
      { find: /^react\/jsx-dev-runtime$/, replacement: "preact/jsx-dev-runtime" },
      { find: /^react(-dom)?$/, replacement: "preact/compat" },
    ],
  },
  build: {
    outDir: process.env.PORTAL_OUT ?? here("../../build/portal"),
    emptyOutDir: true,
    target: "es2023",
    // The content security policy allows nothing inside the page, so nothing is put there.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // "use client" of a library means nothing here.
      onLog: (level, log, tell) => log.code !== "MODULE_LEVEL_DIRECTIVE" && tell(level, log),
    },
  },
});
