import { guestPages, openEveryPage } from "./every-page";
import { expect, open, test } from "./fixtures";

test.beforeEach(({ allowConsole }) => allowConsole(/status of 404 .*nothing-here/));

test("the first tab stop of every page skips to its content", async ({ page }) => {
  for (const path of guestPages) {
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

test("every page hydrates, and all of them by the same files", { tag: "@js" }, async ({ page, account }) => {
  test.setTimeout(120_000);
  const files: string[] = [];
  page.on("response", (response) => files.push(new URL(response.url()).pathname));
  await openEveryPage(page, account);
  const code = files.filter((file) => file.startsWith("/pkg/"));
  expect(code).toContain("/pkg/satchel.wasm");
  // cargo-leptos makes these with --split only, and a page that needs one would not hydrate without it.
  expect(code.filter((file) => file.includes("split"))).toEqual([]);
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
  await page.getByRole("search").getByRole("button", { name: "Search" }).click();
  await expect(page.getByRole("heading", { name: "Enamel mug" })).toBeVisible();
});
// </shop>
