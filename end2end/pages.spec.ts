import type { Page } from "@playwright/test";

import { setValue } from "./explorer";
import { demo, errors, expect, expectNoAxeViolations, hydrated, open, signIn, submit, test } from "./fixtures";
// <shop>
import { addToCart, expectCartItems } from "./shop";
// </shop>
import { usualServer } from "./servers";

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

const pages: Record<string, (page: Page) => Promise<void>> = {
  "the first page": (page) => open(page, "/"),
  // <shop>
  "a product": (page) => open(page, "/products/1"),
  "the empty cart": (page) => open(page, "/cart"),
  "the filled cart": openFilledCart,
  // </shop>
  "the visits": (page) => open(page, "/visits"),
  "the explorer without a session": (page) => open(page, "/session"),
  "the explorer of a session": openSessionWithValues,
  "the cookies": openCookies,
  "the cookies with an error": openRefusedCookie,
  "the sign-in page": (page) => open(page, "/login"),
  "the sign-in page with errors": openRefusedSignIn,
  "a page that does not exist": (page) => open(page, "/nothing-here"),
};

test.beforeEach(({ allowConsole }) => allowConsole(/status of 4\d\d .*(nothing-here|api\/auth\/login|api\/cookies\/set)/));

for (const [name, visit] of Object.entries(pages)) {
  test.describe(name, () => {
    test.beforeEach(async ({ page }) => {
      await page.emulateMedia({ reducedMotion: "reduce" });
      await visit(page);
    });

    test("has a title, one heading and all landmarks, and never scrolls sideways", async ({ page }) => {
      await expect(page).toHaveTitle(/^\S.* · Satchel$/);
      await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
      for (const landmark of ["banner", "navigation", "main", "contentinfo"] as const) {
        await expect(page.getByRole(landmark)).toHaveCount(1);
      }
      await expectNoSidewaysScrolling(page);
      await page.setViewportSize({ width: 320, height: 640 });
      await expectNoSidewaysScrolling(page);
    });

    test("has no axe violation, in light and in dark", { tag: "@js" }, async ({ page }) => {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await expectNoAxeViolations(page);
      }
    });
  });
}

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

async function openSessionWithValues(page: Page) {
  await open(page, "/session");
  await setValue(page, "list", `{"a": [1, 2], "text": "${"long ".repeat(60)}"}`);
  await setValue(page, "a-key-that-is-rather-long-and-has-no-blanks-in-it", "x".repeat(300));
  await open(page, "/session?key=list");
}

// <shop>
async function openFilledCart(page: Page) {
  await open(page, "/");
  await addToCart(page, "Brass mechanical pencil", 99);
  await addToCart(page, "Canvas satchel", 2);
  await open(page, "/cart");
  await expectCartItems(page, 101);
}
// </shop>

async function openCookies(page: Page) {
  await page.context().addCookies([
    { name: "plain", value: "v".repeat(1_000), url: usualServer },
    { name: "n".repeat(64), value: "s:changed.signature", url: usualServer },
  ]);
  await open(page, "/cookies");
  await page.getByLabel("Name", { exact: true }).fill("signed");
  await page.getByLabel("Sign it").check();
  await submit(page.getByRole("button", { name: "Set cookie" }));
  await expect(page.getByRole("row").filter({ hasText: "Signed and genuine" })).toBeVisible();
  await hydrated(page);
}

async function openRefusedCookie(page: Page) {
  await open(page, "/cookies");
  await submit(page.getByRole("button", { name: "Set cookie" }));
  await expect(errors(page)).toHaveCount(1);
  await hydrated(page);
}

async function openRefusedSignIn(page: Page) {
  await open(page, "/login");
  await signIn(page, { ...demo, email: "demo", password: "" });
  await expect(errors(page)).toHaveCount(1);
  await hydrated(page);
}

async function expectNoSidewaysScrolling(page: Page) {
  const width = await page.locator("html").evaluate((root) => root.scrollWidth);
  expect(width, "the page's width").toBeLessThanOrEqual(page.viewportSize()?.width ?? 0);
}
