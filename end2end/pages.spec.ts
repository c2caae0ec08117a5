import { expect, open, test } from "./fixtures";

const paths = [
  "/",
  "/visits",
  "/session",
  "/cookies",
  "/login",
  "/nothing-here",
  // <shop>
  "/products/1",
  "/cart",
  // </shop>
];

test.beforeEach(({ allowConsole }) => allowConsole(/status of 404 .*nothing-here/));

test("the first tab stop of every page skips to its content", async ({ page }) => {
  for (const path of paths) {
    await test.step(path, async () => {
      await open(page, path);
      const skip = page.getByRole("link", { name: "Skip to content" });
      await page.keyboard.press("Tab");
      await expect(skip).toBeFocused();
      await expect(skip).toBeInViewport();
      await page.keyboard.press("Enter");
      await expect(page.getByRole("main")).toBeFocused();
    });
  }
});

test("the head of every page names the page's own code, however many are asked for at once", { tag: "@js" }, async ({ request }) => {
  const codeOf = async (path: string) => {
    const html = await (await request.get(path, { headers: { accept: "text/html" } })).text();
    return [...html.matchAll(/<link[^>]+href="[^"]*\/(split_[^"]+)"/g)].map(([, name]) => name);
  };
  const asked = Array.from({ length: 10 }, () => paths).flat();
  const codes = await Promise.all(asked.map(async (path) => ({ path, code: await codeOf(path) })));
  for (const { path, code } of codes) {
    // "/visits" has the code of `VisitsPage`; the first page's is in every page.
    const own = /^\/([a-z]+?)s?(\/|$)/.exec(path)?.[1];
    expect(code, path).toEqual(own ? [expect.stringContaining(`_${own}`)] : []);
  }
});

test("what could not be fetched is there when it is tried again", { tag: "@js" }, async ({ page, allowConsole }) => {
  allowConsole(/ERR_FAILED .*api\/visits\/record/);
  await open(page, "/login");
  await page.route("**/api/visits/record", (route) => route.abort());
  await page.getByRole("link", { name: "Visits" }).click();
  await expect(page.getByRole("heading", { name: "You seem to be offline" })).toBeVisible();
  await page.unroute("**/api/visits/record");
  await page.getByRole("link", { name: "Try again" }).click();
  await expect(page.getByText("1 visit", { exact: true })).toBeVisible();
});

// <shop>
test("who has lost the way finds something by the search", async ({ page }) => {
  await open(page, "/nothing-here");
  await page.getByRole("search").getByLabel("Search").fill("mug");
  await page.getByRole("search").getByRole("button", { name: "Show" }).click();
  await expect(page.getByRole("heading", { name: "Enamel mug" })).toBeVisible();
});
// </shop>
