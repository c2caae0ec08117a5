import type { Locator, Page } from "@playwright/test";

import {
  expect,
  expectSameDocument,
  markDocument,
  open,
  test,
  waitForHydration,
} from "./fixtures";

type CodeSection = { path: string; title: string; file: string; code: string };

const login = { path: "/login", title: "How this works", file: "app/src/auth/sign_in.rs", code: "async fn sign_in(" };
const theme = { path: "/register", title: "How the theme works", file: "app/src/preferences/api.rs", code: "pub async fn set_theme(" };

const codeSections: CodeSection[] = [
  login,
  theme,
  // <visits>
  { path: "/visits", title: "How this works", file: "app/src/visits/api.rs", code: "pub async fn record_visit()" },
  // </visits>
  // <explorer>
  { path: "/session", title: "How this works", file: "app/src/explorer/api.rs", code: "pub async fn set_value(" },
  // </explorer>
  // <cookies>
  { path: "/cookies", title: "How this works", file: "app/src/cookies/store.rs", code: "fn put(" },
  // </cookies>
  // <shop>
  { path: "/", title: "How this works", file: "app/src/shop/catalog/api.rs", code: "pub async fn list_products(" },
  { path: "/cart", title: "How this works", file: "app/src/shop/cart/store.rs", code: "async fn change(" },
  // </shop>
];

for (const section of codeSections) {
  test(`on ${section.path} "${section.title}" opens by keyboard and shows its code`, async ({ page }) => {
    await open(page, section.path);
    await expect(codeBlock(page, section)).toBeHidden();
    await openSection(page, section);
    await expect(codeBlock(page, section)).toContainText(section.code);
    await toggleSection(page, section);
    await expect(codeBlock(page, section)).toBeHidden();
  });
}

test("the code is in the first HTML and is not fetched again", { tag: "@js" }, async ({ page }) => {
  const fetched: string[] = [];
  page.on("request", (request) => fetched.push(request.url()));
  await open(page, "/login");
  await openSection(page, login);
  await expect(codeBlock(page, login)).toContainText(login.code);
  expect(fetched.filter((url) => url.includes("/api/source/"))).toEqual([]);
});

test("a page reached by a link shows its code too", async ({ page, js }) => {
  await open(page, "/login");
  await markDocument(page);
  await page.getByRole("link", { name: "Create an account" }).click();
  await expect(page).toHaveURL("/register");
  await openSection(page, theme);
  await expect(codeBlock(page, theme)).toContainText(theme.code);
  await page.getByRole("banner").getByRole("link", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/login");
  await openSection(page, login);
  await expect(codeBlock(page, login)).toContainText(login.code);
  if (js) await expectSameDocument(page);
});

test("code that failed to load is fetched again when its section is reopened", { tag: "@js" }, async ({ page, allowConsole }) => {
  allowConsole(/Failed to load resource: net::ERR_FAILED .*api\/source\/show/);
  await open(page, "/register");
  await page.getByRole("banner").getByRole("link", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/login");
  await page.route("**/api/source/show*", (route) => route.abort());
  await openSection(page, login);
  await expect(page.getByText("We could not reach the server.")).toBeVisible();
  await page.unroute("**/api/source/show*");
  await toggleSection(page, login);
  await openSection(page, login);
  await expect(codeBlock(page, login)).toContainText(login.code);
  await expect(page.getByText("We could not reach the server.")).toBeHidden();
});

test("long lines scroll inside the code block, by keyboard too, and never the page", async ({ page }) => {
  await open(page, "/login");
  await page.setViewportSize({ width: 320, height: 640 });
  await openSection(page, login);
  const code = codeBlock(page, login);
  await expect(code).toBeVisible();
  await code.focus();
  await expect(code).toBeFocused();
  const [inner, outer] = await code.evaluate((block) => [block.scrollWidth, block.clientWidth]);
  expect(inner).toBeGreaterThan(outer ?? 0);
  expect(await page.locator("html").evaluate((root) => root.scrollWidth)).toBeLessThanOrEqual(320);
});

/** Opens a section by keyboard. */
async function openSection(page: Page, section: CodeSection) {
  await waitForHydration(page);
  await toggleSection(page, section);
}

async function toggleSection(page: Page, { title }: CodeSection) {
  await page.locator("summary", { hasText: title }).focus();
  await page.keyboard.press("Enter");
}

function codeBlock(page: Page, { file }: CodeSection): Locator {
  return page.getByLabel(`Code from ${file}`);
}
