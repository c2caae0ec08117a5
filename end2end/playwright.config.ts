import { defineConfig } from "@playwright/test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { launchOptions } from "./chromium.js";
import {
  buildSql,
  changingServer,
  crowdedServer,
  limitedServer,
  server,
  setChangingDatabase,
  settings,
  usualServer,
} from "./servers.js";

// Each worker reads this file too; only the main process builds and starts what the tests need.
const mainProcess = process.env.TEST_WORKER_INDEX === undefined;
if (mainProcess) buildSql();

/** Needs no browser, so that one project is enough. */
const noBrowser = "health.spec.ts";
/** Alike at every width. */
const attacks = "**/attacks/**";
/** Where neither width nor touch has a part: what look.spec.ts sees on a phone is enough. */
const anyWidth = /(flask|how|hydration|keyboard)\.spec\.ts/;
/** Those in which the page's own code has no part: what it does is no matter. */
const attacksOnServer = /attacks\/(fixation|forgery|framing|keys|replay|secrets|tossing)\.spec\.ts/;

export default defineConfig({
  testDir: ".",
  // What is about the release alone is in release.config.ts.
  testMatch: /(?<!release)\.spec\.ts$/,
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  // At the desk a test that fails once has failed. In CI it is tried once more, and the summary names it as flaky: that is a defect to
  // mend, but no reason to hold back all else.
  retries: process.env.CI ? 1 : 0,
  // Twice the usual: the debug build's code is large, and some tests open several browsers.
  timeout: 60_000,
  // How long a busy machine may take is not what these tests are about.
  expect: { timeout: 15_000 },
  workers: 2,
  reporter: [["list"], ["html", { open: "never" }]],
  use: {
    baseURL: usualServer,
    viewport: { width: 1280, height: 800 },
    // What moves is looked at where that is what a test is about.
    contextOptions: { reducedMotion: "reduce" },
    screenshot: "only-on-failure",
    // Each test would be slower by a tenth: E2E_TRACE=on records what one does.
    trace: process.env.E2E_TRACE === "on" ? "retain-on-failure" : "off",
    launchOptions: launchOptions(),
  },
  projects: [
    { name: "desktop", grepInvert: /@no-js/ },
    {
      name: "desktop-no-js",
      use: { javaScriptEnabled: false },
      grepInvert: /@js/,
      testIgnore: [noBrowser, attacksOnServer],
    },
    {
      name: "phone",
      use: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
      grepInvert: /@no-js/,
      testIgnore: [noBrowser, attacks, anyWidth],
    },
  ],
  webServer: mainProcess
    ? [
        run(usualServer),
        run(limitedServer, { SIGN_IN_LIMIT: "3/1h" }),
        run(changingServer, { DATABASE_SHARED: "true" }),
        run(crowdedServer, { SESSION_LIMIT: "1/1h" }),
      ]
    : undefined,
});

/** A server with a folder and a database of its own. */
function run(url: string, own: Record<string, string> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "satchel-end2end-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const env = { ...settings(url, folder), ...own };
  if (url === changingServer) setChangingDatabase(env.DATABASE_URL);

  return {
    command: `"${server}"`,
    cwd: folder,
    env,
    url: `${url}/readyz`,
    timeout: 30_000,
    gracefulShutdown: { signal: "SIGTERM" as const, timeout: 5_000 },
    stdout: "pipe" as const,
    reuseExistingServer: false,
  };
}
