// The Chromium to test with: $CHROMIUM, else one found by name, else Playwright's own download.
// `node chromium.js` prints it, or exits 1 where there is none.

import { chromium } from "@playwright/test";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const names = [
  // Without windows of its own the tests take half the time.
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The browser's path; undefined leaves the choice to Playwright. */
export function installedChromium() {
  const { CHROMIUM } = process.env;
  if (!CHROMIUM) return names.map(find).find(Boolean);

  const chosen = find(CHROMIUM);
  if (!chosen) throw new Error(`CHROMIUM names ${CHROMIUM}, which is not a program.`);
  return chosen;
}

/** How the tests start it: it asks no other host for anything. */
export function launchOptions() {
  return {
    executablePath: installedChromium(),
    args: [
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-quic",
      "--disable-sync",
      "--no-first-run",
      // Chromium's sandbox refuses to run as root, as in most containers.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ],
  };
}

/** @param {string} name a name on the PATH, or a path */
function find(name) {
  const folders = name.includes("/") ? [""] : (process.env.PATH ?? "").split(path.delimiter);
  return folders.map((folder) => path.resolve(folder, name)).find(isProgram);
}

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = [installedChromium(), chromium.executablePath()].find((file) => file && isProgram(file));
  if (!found) process.exit(1);
  console.log(found);
}
