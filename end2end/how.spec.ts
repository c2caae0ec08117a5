import type { Locator, Page } from "@playwright/test";

import {
  expect,
  expectSameDocument,
  hydrated,
  markDocument,
  open,
  test,
} from "./fixtures";

type Fold = { path: string; title: string; file: string; code: string };

const folds: Fold[] = [
  { path: "/visits", title: "How this works", file: "app/src/visits/api.rs", code: "pub async fn record_visit()" },
  { path: "/visits", title: "How the theme works", file: "app/src/preferences/api.rs", code: "pub async fn set_theme(" },
  { path: "/login", title: "How this works", file: "app/src/auth/sign_in.rs", code: "async fn sign_in(" },
  { path: "/session", title: "How this works", file: "app/src/explorer/api.rs", code: "pub async fn set_value(" },
  { path: "/cookies", title: "How this works", file: "app/src/cookies/store.rs", code: "fn put(" },
  // <shop>
  { path: "/", title: "How this works", file: "app/src/shop/catalog/api.rs", code: "pub async fn list_products(" },
  { path: "/cart", title: "How this works", file: "app/src/shop/cart/store.rs", code: "async fn change(" },
  // </shop>
];

for (const fold of folds) {
  test(`on ${fold.path} "${fold.title}" opens by keyboard and shows the code`, async ({ page }) => {
    await open(page, fold.path);
    await expect(codeOf(page, fold)).toBeHidden();
    await unfold(page, fold);
    await expect(codeOf(page, fold)).toContainText(fold.code);
    await press(page, fold);
    await expect(codeOf(page, fold)).toBeHidden();
  });
}

test("the code is in the first HTML, and is not fetched again", { tag: "@js" }, async ({ page }) => {
  const fetched: string[] = [];
  page.on("request", (request) => fetched.push(request.url()));
  await open(page, "/visits");
  for (const fold of folds.filter(({ path }) => path === "/visits")) {
    await unfold(page, fold);
    await expect(codeOf(page, fold)).toContainText(fold.code);
  }
  expect(fetched.filter((url) => url.includes("/api/source/"))).toEqual([]);
});

test("a page that one has come to by a link has the code too", async ({ page, js }) => {
  const [visits, , login] = folds as [Fold, Fold, Fold];
  await open(page, "/login");
  await markDocument(page);
  await page.getByRole("link", { name: "Visits" }).click();
  await expect(page).toHaveURL("/visits");
  await unfold(page, visits);
  await expect(codeOf(page, visits)).toContainText(visits.code);
  await page.getByRole("link", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/login");
  await unfold(page, login);
  await expect(codeOf(page, login)).toContainText(login.code);
  if (js) await expectSameDocument(page);
});

test("code that could not be fetched is fetched when the fold is opened again", { tag: "@js" }, async ({ page, allowConsole }) => {
  allowConsole(/Failed to load resource: net::ERR_FAILED .*api\/source\/show/);
  const [visits] = folds as [Fold];
  await open(page, "/login");
  await page.getByRole("link", { name: "Visits" }).click();
  // The page before stands until this one's code is there, and has a fold of the same name.
  await expect(page).toHaveURL("/visits");
  await page.route("**/api/source/show*", (route) => route.abort());
  await unfold(page, visits);
  await expect(page.getByText("We could not reach the server.")).toBeVisible();
  await page.unroute("**/api/source/show*");
  await press(page, visits);
  await unfold(page, visits);
  await expect(codeOf(page, visits)).toContainText(visits.code);
  await expect(page.getByText("We could not reach the server.")).toBeHidden();
});

test("long lines scroll in their block, by keyboard too, and never the page", async ({ page }) => {
  const [visits] = folds as [Fold];
  await open(page, "/visits");
  await page.setViewportSize({ width: 320, height: 640 });
  await unfold(page, visits);
  const code = codeOf(page, visits);
  await expect(code).toBeVisible();
  await code.focus();
  await expect(code).toBeFocused();
  const [inner, outer] = await code.evaluate((block) => [block.scrollWidth, block.clientWidth]);
  expect(inner).toBeGreaterThan(outer ?? 0);
  expect(await page.locator("html").evaluate((root) => root.scrollWidth)).toBeLessThanOrEqual(320);
});

/** Opens a fold by keyboard. */
async function unfold(page: Page, fold: Fold) {
  await hydrated(page);
  await press(page, fold);
}

async function press(page: Page, { title }: Fold) {
  await page.locator("summary", { hasText: title }).focus();
  await page.keyboard.press("Enter");
}

function codeOf(page: Page, { file }: Fold): Locator {
  return page.getByLabel(`Code from ${file}`);
}
