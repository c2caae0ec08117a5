// Text that must not become markup or a script, and checks for injections.

import type { Page } from "@playwright/test";

import { expect, waitForHydration } from "../fixtures";
import { appOrigin, test } from "./hostile";

/** Injected elements have this attribute, and injected scripts call this function. */
const mark = "data-pwned";
const run = "pwned()";

/** Text that ends the element, attribute, script, comment, JSON or template that contains it, unless it is escaped. */
export const payloads = [
  `"'></textarea></title></style></script><script ${mark}>${run}</script>`,
  `"'><img src=x onerror=${run} ${mark}>`,
  `" autofocus onfocus="${run}" ${mark}="`,
  `' onmouseover='${run}' ${mark}='`,
  `</code></pre></p></h3><b ${mark}>bold</b>`,
  `<!--<script>`,
  `--><b ${mark}>bold</b><!--`,
  `\\"]);${run};//'+${run}+'`,
  "${" + run + "}`{{" + run + "}}",
  `x\u2028${run}//\u2029x`,
  `\\u003cimg src=x onerror=${run} ${mark}\\u003e`,
  `&lt;b ${mark}&gt;&#60;b ${mark}&#62;&amp;lt;`,
  `javascript:${run}`,
];

/** Payloads that are valid in a cookie (RFC 6265, 4.1.1: no whitespace, double quotes, commas, semicolons or backslashes). */
export const cookieValues = [
  `'></textarea></script><script/${mark}>${run}</script>`,
  `</mark></code></td></table><img/src=x/onerror=${run}/${mark}>`,
  `<!--<script>`,
  `--><b/${mark}>bold</b><!--`,
  `&ltb/${mark}&gt`,
  `javascript:${run}`,
];

/** Records the calls of injected scripts. */
export async function recordScriptCalls(page: Page) {
  const called: string[] = [];
  await page.context().exposeBinding("pwned", ({ frame }) => called.push(frame.url()));
  return called;
}

/** Expects that no payload became an element, attribute or comment, so that the policy has no script to stop. */
export async function expectNoInjection(page: Page, called: string[]) {
  const found = await page.evaluate((mark) => {
    const found = [...document.querySelectorAll(`[${mark}], [onerror], [onload], [onfocus], [onmouseover], [href^="javascript:" i]`)];
    const comments = document.createNodeIterator(document, NodeFilter.SHOW_COMMENT);
    const text: string[] = [];
    for (let node = comments.nextNode(); node; node = comments.nextNode()) text.push(node.nodeValue ?? "");
    return [...found.map((element) => element.outerHTML), ...text.filter((comment) => comment.includes("script") || comment.includes(mark))];
  }, mark);
  expect(found, page.url()).toEqual([]);
  expect(called, "scripts that ran").toEqual([]);
}

/** Prepares every test of a file, and returns a function that expects no injection in the page. */
export function expectNoScripts() {
  let called: string[] = [];
  test.beforeEach(async ({ page }) => {
    test.setTimeout(180_000);
    called = await recordScriptCalls(page);
  });
  return async (page: Page) => {
    // A response of the API does not hydrate.
    if (!page.url().startsWith(`${appOrigin}/api/`)) await waitForHydration(page);
    await expectNoInjection(page, called);
  };
}
