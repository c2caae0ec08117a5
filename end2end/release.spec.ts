// Tests of the release build: only bin/build puts the code of each page into its own file.

import type { Page } from "@playwright/test";

import { guestPages, openEveryPage } from "./every-page";
import { expect, expectSameDocument, markDocument, open, test, waitForHydration } from "./fixtures";

test.beforeEach(({ allowConsole }) => allowConsole(/status of 404 .*nothing-here/));

test("every page hydrates with its own code file", async ({ page, account }) => {
  test.setTimeout(120_000);
  const files = recordCodeFiles(page);
  await openEveryPage(page, account);
  for (const name of [
    // <visits>
    "visits",
    // </visits>
    // <explorer>
    "session",
    // </explorer>
    // <cookies>
    "cookies",
    // </cookies>
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

test("a page is marked as hydrated only when its own code has loaded", async ({ page }) => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/split*login*", async (route) => {
    await released;
    await route.continue();
  });
  const request = page.waitForRequest("**/split*login*");
  await page.goto("/login");
  await request;
  // After two frames the app has done all work that does not need the code.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await expect(page.locator("html")).not.toHaveAttribute("data-hydrated");
  release();
  await waitForHydration(page);
});

test("the head of every page links to its own code, even with many requests at once", async ({ request }) => {
  const codeOf = async (path: string) => {
    const html = await (await request.get(path, { headers: { accept: "text/html" } })).text();
    return [...html.matchAll(/<link[^>]+href="[^"]*\/(split_[^"]+)"/g)].map(([, name]) => name);
  };
  const paths = Array.from({ length: 10 }, () => guestPages).flat();
  const codes = await Promise.all(paths.map(async (path) => ({ path, code: await codeOf(path) })));
  for (const { path, code } of codes) {
    // "/login" has the code of `LoginPage`. The code of "/" is in every page.
    const own = /^\/([a-z]+?)s?(\/|$)/.exec(path)?.[1];
    expect(code, path).toEqual(own ? [expect.stringContaining(`_${own}`)] : []);
  }
});

test("a form is sent by fetch without loading a new page", async ({ page }) => {
  await open(page, "/login");
  await markDocument(page);
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await page.getByRole("button", { name: "Dark", exact: true }).click();
  expect((await sent).resourceType()).toBe("fetch");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expectSameDocument(page);
});

test("a link fetches the code of its page without loading a new page", async ({ page }) => {
  const files = recordCodeFiles(page);
  await open(page, "/");
  await markDocument(page);
  expect(files).toEqual([]);
  await page.getByRole("link", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  expect([...new Set(files)]).toEqual([expect.stringContaining("_login_page")]);
  await expectSameDocument(page);
});

/** Records the names of the code files that the page requests from now on. */
function recordCodeFiles(page: Page) {
  const files: string[] = [];
  page.on("request", (request) => {
    const file = /\/(split_[^/?]+)$/.exec(request.url())?.[1];
    if (file) files.push(file);
  });
  return files;
}
