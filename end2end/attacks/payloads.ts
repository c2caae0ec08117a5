// Text that is to become part of a page, and how it is found out that it did not.

import type { Page } from "@playwright/test";

import { expect } from "../fixtures";

/** Whatever becomes an element has this attribute, and whatever runs calls this function. */
const mark = "data-pwned";
const run = "pwned()";

/** Each ends the place that the text stands in: an element, an attribute, a text area, a title, a script, a comment, JSON, a template. */
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

/** Those that a cookie's value may hold (RFC 6265, 4.1.1: no blanks, quotes, commas, semicolons and backslashes). */
export const cookieValues = [
  `'></textarea></script><script/${mark}>${run}</script>`,
  `</mark></code></td></table><img/src=x/onerror=${run}/${mark}>`,
  `<!--<script>`,
  `--><b/${mark}>bold</b><!--`,
  `&ltb/${mark}&gt`,
  `javascript:${run}`,
];

/** Has a script that gets in call the test. */
export async function listen(page: Page) {
  const called: string[] = [];
  await page.context().exposeBinding("pwned", ({ frame }) => called.push(frame.url()));
  return called;
}

/** Nothing of a payload is an element, an attribute or a comment of the page, and none has run. A policy that stops a script is a second line: there is none to be stopped. */
export async function expectHarmless(page: Page, called: string[]) {
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
