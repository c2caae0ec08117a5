// Finds the Chromium for the tests: $CHROMIUM, an installed one, or the one that Playwright downloaded.
// `node chromium.js` prints its path, or exits with 1 if there is none.

import { chromium } from "@playwright/test";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const names = [
  // The tests take half the time in the headless shell.
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Path of an installed Chromium, or undefined to use Playwright's own. Throws if $CHROMIUM is not a program. */
export function installedChromium() {
  const { CHROMIUM } = process.env;
  if (!CHROMIUM) return names.map(find).find(Boolean);

  const chosen = find(CHROMIUM);
  if (!chosen) throw new Error(`CHROMIUM is set to ${CHROMIUM}, which is not a program.`);
  return chosen;
}

/** Options that keep Chromium from contacting other hosts. */
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
