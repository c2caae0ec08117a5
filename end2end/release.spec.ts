// The release: each page's code is a file of its own, which is made by bin/build only.

import type { Page } from "@playwright/test";

import { guestPages, openEveryPage } from "./every-page";
import { expect, expectSameDocument, hydrated, markDocument, open, test } from "./fixtures";

test.beforeEach(({ allowConsole }) => allowConsole(/status of 404 .*nothing-here/));

test("every page hydrates, each by its own file", async ({ page, account }) => {
  test.setTimeout(120_000);
  const files = splitFiles(page);
  await openEveryPage(page, account);
  for (const name of [
    "visits",
    "session",
    "cookies",
    "login",
    "register",
    "account",
    // <shop>
    "product",
    "cart",
    "order",
    "orders",
    // </shop>
  ]) {
    expect(files.filter((file) => file.includes(`_${name}_page`)), name).not.toEqual([]);
  }
});

test("a page counts as hydrated once its own code is there too", async ({ page }) => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/split*visits*", async (route) => {
    await released;
    await route.continue();
  });
  const asked = page.waitForRequest("**/split*visits*");
  await page.goto("/visits");
  await asked;
  // All that the app does without that code is done two frames later.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await expect(page.locator("html")).not.toHaveAttribute("data-hydrated");
  release();
  await hydrated(page);
});

test("the head of every page names the page's own code, however many are asked for at once", async ({ request }) => {
  const codeOf = async (path: string) => {
    const html = await (await request.get(path, { headers: { accept: "text/html" } })).text();
    return [...html.matchAll(/<link[^>]+href="[^"]*\/(split_[^"]+)"/g)].map(([, name]) => name);
  };
  const asked = Array.from({ length: 10 }, () => guestPages).flat();
  const codes = await Promise.all(asked.map(async (path) => ({ path, code: await codeOf(path) })));
  for (const { path, code } of codes) {
    // "/visits" has the code of `VisitsPage`; the first page's is in every page.
    const own = /^\/([a-z]+?)s?(\/|$)/.exec(path)?.[1];
    expect(code, path).toEqual(own ? [expect.stringContaining(`_${own}`)] : []);
  }
});

test("a form is sent by fetch, and the page stays", async ({ page }) => {
  await open(page, "/visits");
  await markDocument(page);
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await page.getByRole("button", { name: "Reset" }).click();
  expect((await sent).resourceType()).toBe("fetch");
  await expect(page.getByRole("main").getByText("0 visits", { exact: true })).toBeVisible();
  await expectSameDocument(page);
});

test("a link fetches the code of its page, and loads no document", async ({ page }) => {
  const files = splitFiles(page);
  await open(page, "/");
  await markDocument(page);
  expect(files).toEqual([]);
  await page.getByRole("link", { name: "Visits", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Your visits" })).toBeVisible();
  expect([...new Set(files)]).toEqual([expect.stringContaining("_visits_page")]);
  await expectSameDocument(page);
});

/** The names of the pages' own files, as they are asked for from now on. */
function splitFiles(page: Page) {
  const files: string[] = [];
  page.on("request", (request) => {
    const file = /\/(split_[^/?]+)$/.exec(request.url())?.[1];
    if (file) files.push(file);
  });
  return files;
}
