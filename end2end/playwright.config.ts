import { defineConfig } from "@playwright/test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { launchOptions } from "./chromium.js";
import {
  buildSql,
  defaultServer,
  serverBinary,
  serverSettings,
  sessionLimitedServer,
  setSharedDatabase,
  sharedDatabaseServer,
  signInLimitedServer,
} from "./servers.js";

// The workers read this file too, but only the main process starts the servers.
const mainProcess = process.env.TEST_WORKER_INDEX === undefined;
if (mainProcess) buildSql();

const noBrowser = "health.spec.ts";
const attacks = "**/attacks/**";
/** Tests that depend on neither width nor touch. On a phone look.spec.ts is enough. */
const widthIndependent = /(flask|how|hydration|keyboard)\.spec\.ts/;
/** Attacks that do not involve the page's own code. */
const attacksOnServer = /attacks\/(fixation|forgery|framing|keys|replay|secrets|tossing)\.spec\.ts/;

export default defineConfig({
  testDir: ".",
  // release.config.ts runs the tests of the release build.
  testMatch: /(?<!release)\.spec\.ts$/,
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  // CI reports a test that succeeds at the second attempt as flaky. That is a defect, but does not block other changes.
  retries: process.env.CI ? 1 : 0,
  // Twice the default: the debug build is large, and some tests open several browsers.
  timeout: 60_000,
  // The tests do not measure speed, and the machine may be busy.
  expect: { timeout: 15_000 },
  workers: 2,
  reporter: [["list"], ["html", { open: "never" }]],
  use: {
    baseURL: defaultServer,
    viewport: { width: 1280, height: 800 },
    // Tests of animations turn them on.
    contextOptions: { reducedMotion: "reduce" },
    screenshot: "only-on-failure",
    // Traces make a test a tenth slower. E2E_TRACE=on keeps those of failed tests.
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
      testIgnore: [noBrowser, attacks, widthIndependent],
    },
  ],
  webServer: mainProcess
    ? [
        testServer(defaultServer),
        testServer(signInLimitedServer, { SIGN_IN_LIMIT: "3/1h" }),
        testServer(sharedDatabaseServer, { DATABASE_SHARED: "true" }),
        testServer(sessionLimitedServer, { SESSION_LIMIT: "1/1h" }),
      ]
    : undefined,
});

function testServer(url: string, overrides: Record<string, string> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "satchel-end2end-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const env = { ...serverSettings(url, folder), ...overrides };
  if (url === sharedDatabaseServer) setSharedDatabase(env.DATABASE_URL);

  return {
    command: `"${serverBinary}"`,
    cwd: folder,
    env,
    url: `${url}/readyz`,
    timeout: 30_000,
    gracefulShutdown: { signal: "SIGTERM" as const, timeout: 5_000 },
    stdout: "pipe" as const,
    reuseExistingServer: false,
  };
}
