import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  resolve: {
    alias: [
      { find: /^@shared\//, replacement: here("../shared/") },
      { find: /^@api\//, replacement: here("../../build/web/") },
    ],
  },
  build: {
    outDir: process.env.MANAGER_OUT ?? here("../../build/manager"),
    emptyOutDir: true,
    target: "es2023",
    // The content security policy allows nothing inside the page, so nothing is put there.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // A desk's app: Cloudscape's share is one file that all pages have in common.
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      // "use client" of a library means nothing here.
      onLog: (level, log, tell) => log.code !== "MODULE_LEVEL_DIRECTIVE" && tell(level, log),
    },
  },
});
