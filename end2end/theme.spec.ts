import type { Page } from "@playwright/test";

import { expect, expectSameDocument, markDocument, open, submit, test, waitForHydration } from "./fixtures";

test("the page follows the system's theme by default", async ({ page }) => {
  await open(page, "/");
  await expectTheme(page, "System", "light dark");
});

for (const [name, other] of [["Dark", "light"], ["Light", "dark"]] as const) {
  const scheme = name.toLowerCase();

  test(`a visitor with a ${other} system chooses the ${scheme} theme, which survives a reload`, async ({ page, js }) => {
    await page.emulateMedia({ colorScheme: other });
    await open(page, "/login");
    await markDocument(page);
    await choose(page, name);
    await expectTheme(page, name, scheme);
    await expect(page).toHaveURL("/login");
    if (js) await expectSameDocument(page);

    await page.reload();
    await expectTheme(page, name, scheme);
    await waitForHydration(page);
    await expectTheme(page, name, scheme);
  });
}

test("the theme is in the first HTML, so that the page does not flash", async ({ page }) => {
  await open(page, "/");
  await choose(page, "Dark");
  await expectTheme(page, "Dark", "dark");
  const html = await (await page.request.get("/login")).text();
  expect(html).toMatch(/<html[^>]* data-theme="dark"/);
});

test("a visitor can return to the system's theme", async ({ page }) => {
  await open(page, "/");
  await choose(page, "Dark");
  await expectTheme(page, "Dark", "dark");
  await choose(page, "System");
  await expectTheme(page, "System", "light dark");
});

async function choose(page: Page, theme: string) {
  await submit(page.getByRole("button", { name: theme, exact: true }));
}

async function expectTheme(page: Page, name: string, scheme: string) {
  await expect(page.getByRole("button", { pressed: true })).toHaveText(name);
  await expect(page.locator("html")).toHaveAttribute("data-theme", name.toLowerCase());
  await expect(page.locator("html")).toHaveCSS("color-scheme", scheme);
}
