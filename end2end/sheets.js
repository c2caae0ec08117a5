// Arranges the screenshots of look.spec.ts on sheets of twelve pages, each in the light and the dark theme.
import { chromium } from "@playwright/test";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { installedChromium } from "./chromium.js";

const folder = path.resolve(import.meta.dirname, "../target/look");
const pictures = readdirSync(folder).filter((name) => /\.(light|dark)\.png$/.test(name)).sort();
const perSheet = 12;

/** @param {string} project @param {number} width */
function figures(project, width) {
  const names = pictures.filter((name) => name.includes(`.${project}.`)).map((name) => name.split(".")[0] ?? "");
  return [...new Set(names)].map((name) => {
    const shown = ["light", "dark"].map((theme) => `<img src="${name}.${project}.${theme}.png" width="${width}" alt="">`);
    return `<figure><figcaption>${name.replaceAll("-", " ")}</figcaption>${shown.join("")}</figure>`;
  });
}

/** @param {string[]} shown */
function html(shown) {
  return `<!doctype html><meta charset="utf-8"><title>Every page in every state</title>
<style>body{display:flex;flex-wrap:wrap;align-items:start;gap:1rem;margin:1rem;background:#999;font:14px sans-serif}
figure{margin:0}figure img{max-height:1000px;margin-inline-end:.25rem;object-fit:cover;object-position:top;vertical-align:top}figcaption{margin-block-end:.25rem}</style>${shown.join("\n")}`;
}

const groups = { desktop: figures("desktop", 480), phone: figures("phone", 240) };
writeFileSync(path.join(folder, "index.html"), html([...groups.desktop, ...groups.phone]));

const browser = await chromium.launch({
  executablePath: installedChromium(),
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
const page = await browser.newPage({ viewport: { width: 2040, height: 1000 } });
for (const [group, shown] of Object.entries(groups)) {
  for (let from = 0; from < shown.length; from += perSheet) {
    const sheet = `sheet-${group}-${1 + from / perSheet}`;
    const file = path.join(folder, `${sheet}.html`);
    writeFileSync(file, html(shown.slice(from, from + perSheet)));
    await page.goto(pathToFileURL(file).href);
    await page.screenshot({ path: path.join(folder, `${sheet}.png`), fullPage: true });
  }
}
await browser.close();
