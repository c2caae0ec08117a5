import { guestPages, openEveryPage } from "./every-page";
import { expect, open, test } from "./fixtures";

test.beforeEach(({ allowConsole }) => allowConsole(/status of 404 .*nothing-here/));

test("the first tab stop of every page is a link to its content", async ({ page }) => {
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

test("every page hydrates with the same code files", { tag: "@js" }, async ({ page, account }) => {
  test.setTimeout(120_000);
  const files: string[] = [];
  page.on("response", (response) => files.push(new URL(response.url()).pathname));
  await openEveryPage(page, account);
  const code = files.filter((file) => file.startsWith("/pkg/"));
  expect(code).toContain("/pkg/satchel.wasm");
  // Only `cargo leptos --split` creates these files, and a page that needs one would not hydrate.
  expect(code.filter((file) => file.includes("split"))).toEqual([]);
});

// <visits>
test("a page that failed to load appears after a retry", { tag: "@js" }, async ({ page, allowConsole }) => {
  allowConsole(/ERR_FAILED .*api\/visits\/record/);
  await open(page, "/login");
  await page.route("**/api/visits/record", (route) => route.abort());
  await page.getByRole("link", { name: "Visits" }).click();
  await expect(page.getByRole("heading", { name: "You seem to be offline" })).toBeVisible();
  await page.unroute("**/api/visits/record");
  await page.getByRole("link", { name: "Try again" }).click();
  await expect(page.getByText("1 visit", { exact: true })).toBeVisible();
});
// </visits>

// <shop>
test("a visitor can search from the page for unknown paths", async ({ page }) => {
  await open(page, "/nothing-here");
  await page.getByRole("search").getByLabel("Search").fill("mug");
  await page.getByRole("search").getByRole("button", { name: "Search" }).click();
  await expect(page.getByRole("heading", { name: "Enamel mug" })).toBeVisible();
});
// </shop>
