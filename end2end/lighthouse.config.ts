import { defineConfig } from "@playwright/test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { releaseServer } from "./servers.js";

// A run of its own: it measures the release, and nothing else may run beside it.
const folder = mkdtempSync(path.join(tmpdir(), "satchel-lighthouse-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

export default defineConfig({
  testDir: ".",
  testMatch: "lighthouse.audit.ts",
  workers: 1,
  timeout: 300_000,
  reporter: "list",
  use: { baseURL: releaseServer },
  webServer: {
    command: path.resolve(import.meta.dirname, "../bin/serve"),
    env: {
      DATABASE_URL: `sqlite://${folder}/lighthouse.db`,
      LEPTOS_SITE_ADDR: new URL(releaseServer).host,
      RUST_LOG: "warn,audit=off",
      SESSION_LIMIT: "off",
      SIGN_IN_LIMIT: "off",
    },
    url: `${releaseServer}/readyz`,
    gracefulShutdown: { signal: "SIGTERM", timeout: 5_000 },
    reuseExistingServer: false,
  },
});
