import { expect, expectNoAxeViolations, expectSameDocument, markDocument, open, test } from "./fixtures";
import { product } from "./shop";

test("a search shows the matching products and has its own URL", async ({ page }) => {
  await open(page, "/");
  const search = page.getByRole("search");
  await search.getByLabel("Search").fill("brass");
  await search.getByLabel("Sort by").selectOption({ label: "Price: low to high" });
  await search.getByRole("button", { name: "Search" }).click();
  await expect(page).toHaveURL("/?q=brass&sort=cheapest");
  await expect(page.getByText("2 results.")).toBeVisible();
  await expect(page.getByRole("main").getByRole("heading", { level: 2 })).toHaveText([
    "Brass mechanical pencil",
    "Canvas satchel",
  ]);
  await expect(search.getByLabel("Search")).toHaveValue("brass");
  await page.getByRole("link", { name: "Show all" }).click();
  await expect(page).toHaveURL("/");
  await expect(page.getByRole("main").getByRole("heading", { level: 2 })).toHaveCount(12);
});

test("a search without results links to all products", async ({ page }) => {
  await open(page, "/?q=unicorn");
  await expect(page.getByText("No results for “unicorn”.")).toBeVisible();
  await page.getByRole("link", { name: "Show all products" }).click();
  await expect(product(page, "Enamel mug")).toBeVisible();
});

test("low stock is shown, and every product has a picture", async ({ page }) => {
  await open(page, "/");
  await expect(product(page, "Brass mechanical pencil")).toContainText("3 left");
  await expect(product(page, "Enamel mug")).not.toContainText("left");
  const drawings = page.getByRole("main").locator("img");
  await expect(drawings).toHaveCount(12);
  for (const drawing of await drawings.all()) {
    await expect.poll(() => drawing.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  }
});

test("a search by keyboard does not load a new page", { tag: "@js" }, async ({ page }) => {
  await open(page, "/");
  await markDocument(page);
  await page.getByRole("search").getByLabel("Search").fill("mug");
  await page.keyboard.press("Enter");
  await expect(page.getByText("1 result.")).toBeVisible();
  await expectSameDocument(page);
  await expectNoAxeViolations(page);
});
