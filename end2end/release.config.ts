import { defineConfig } from "@playwright/test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { launchOptions } from "./chromium.js";
import { releaseServer } from "./servers.js";

// Separate from playwright.config.ts: it needs bin/build, and nothing else may run while Lighthouse measures.
const folder = mkdtempSync(path.join(tmpdir(), "satchel-release-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

export default defineConfig({
  testDir: ".",
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 15_000 },
  workers: 1,
  reporter: "list",
  use: { baseURL: releaseServer },
  projects: [
    {
      name: "pages",
      testMatch: "release.spec.ts",
      use: { contextOptions: { reducedMotion: "reduce" }, launchOptions: launchOptions() },
    },
    // Lighthouse starts its own browser.
    { name: "lighthouse", testMatch: "lighthouse.audit.ts", timeout: 300_000 },
  ],
  webServer: {
    command: path.resolve(import.meta.dirname, "../bin/serve"),
    env: {
      DATABASE_URL: `sqlite://${folder}/release.db`,
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
