import type { Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

import { form, row } from "./explorer";
import { expect, expectMessage, expectVisitor, hydrated, open, test } from "./fixtures";
// <shop>
import { expectCartItems } from "./shop";
// </shop>

/** What has the focus: a field by its label, all else by its role. */
type Kind = "field" | "link" | "button";

// <shop>
test("who has no mouse finds something, orders it and signs in on the way", async ({ page, account, js, allowConsole }) => {
  allowConsole(/status of 401 .*api\/orders\/place/);
  await open(page, "/");
  await tabTo(page, "link", "Skip to content");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();

  await tabTo(page, "field", "Search");
  await page.keyboard.type("mug");
  await page.keyboard.press("Enter");
  await expect(page.getByText("1 result.")).toBeVisible();
  await hydrated(page);
  await tabTo(page, "link", "Enamel mug");
  await follow(page, "Enamel mug", js);
  await tabTo(page, "field", "Quantity");
  await page.keyboard.type("3");
  await tabTo(page, "button", "Add to cart");
  await send(page);
  await expectMessage(page, "Added to your cart.");
  await expectCartItems(page, 3);
  if (js) await expect(page.getByRole("button", { name: "Add to cart" })).toBeFocused();

  await tabBackTo(page, "link", "Cart 3 items");
  await follow(page, "Your cart", js);
  await tabTo(page, "button", "One Enamel mug more");
  await send(page);
  await expectCartItems(page, 4);
  await tabTo(page, "button", "Remove Enamel mug");
  await send(page);
  await expectCartItems(page, 0);
  const undo = page.getByRole("button", { name: "Undo: put Enamel mug back" });
  if (js) await expect(undo).toBeFocused();
  else await tabTo(page, "button", "Undo: put Enamel mug back");
  await send(page);
  await expectCartItems(page, 4);
  if (js) await expect(page.getByLabel("Quantity", { exact: true })).toBeFocused();

  await tabTo(page, "button", "Place order");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/login?next=%2Fcart");
  await expectPage(page, "Sign in", js);
  await signInByKeyboard(page, account.email, account.password);
  await expect(page).toHaveURL("/cart");
  await expectPage(page, "Your cart", js);
  await tabTo(page, "button", "Place order");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/orders");
  await expectPage(page, "Your orders", js);
  await expectMessage(page, "Your order has been placed. Thank you!");
});
// </shop>

test("who has no mouse registers, is led to what is wrong, and signs out", async ({ page, allowConsole }) => {
  allowConsole(/status of 422 .*api\/auth\/register/);
  await open(page, "/register");
  await tabTo(page, "field", "Name");
  await page.keyboard.type("Grace");
  await tabTo(page, "field", "E-mail");
  await page.keyboard.type("grace");
  await tabTo(page, "field", "Password");
  await page.keyboard.type("three-words-at-least");
  await send(page);
  const email = page.getByLabel("E-mail");
  await expect(email).toHaveAccessibleDescription("Please enter an e-mail address, such as ada@example.com.");
  await expect(email).toBeFocused();
  await expectRing(page);

  await page.keyboard.press("End");
  await page.keyboard.type(`.${randomUUID()}@example.com`);
  await tabTo(page, "field", "Password");
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("three-words-at-least");
  await send(page);
  await expectVisitor(page, "Grace");
  await hydrated(page);
  await tabBackTo(page, "button", "Sign out");
  await send(page);
  await expectVisitor(page, "Guest");
});

test("who has no mouse keeps, reads and removes a value of the session", async ({ page, js }) => {
  await open(page, "/session");
  await form(page, "Set a value").getByLabel("Key").focus();
  await page.keyboard.type("fruit");
  await tabTo(page, "field", "Value");
  await page.keyboard.type("plum");
  await tabTo(page, "button", "Set");
  await send(page);
  await expect(row(page, "fruit")).toContainText("plum");
  if (js) await expect(page.getByRole("button", { name: "Set", exact: true })).toBeFocused();
  await hydrated(page);
  await tabBackTo(page, "button", "Remove fruit");
  await send(page);
  await expect(row(page, "fruit")).toHaveCount(0);
  if (js) await expect(page.getByRole("heading", { name: "Values" })).toBeFocused();
});

test("who has no mouse sets a cookie and deletes it", async ({ page }) => {
  await open(page, "/cookies");
  await tabTo(page, "field", "Name");
  await page.keyboard.type("fruit");
  await tabTo(page, "field", "Value");
  await page.keyboard.type("plum");
  await tabTo(page, "field", "Sign it");
  await page.keyboard.press("Space");
  await tabTo(page, "button", "Set cookie");
  await send(page);
  await expect(page.getByRole("row").filter({ hasText: "Signed: the signature is valid" })).toBeVisible();
  await hydrated(page);
  await tabTo(page, "button", "Delete fruit");
  await send(page);
  await expect(page.getByRole("button", { name: "Delete fruit" })).toHaveCount(0);
});

test("who has no mouse chooses a theme", async ({ page, js }) => {
  await open(page, "/visits");
  await tabTo(page, "button", "Dark");
  await send(page);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  if (js) await expect(page.getByRole("button", { name: "Dark", exact: true })).toBeFocused();
});

test("on the way to another page the focus goes to its heading, and back again", { tag: "@js" }, async ({ page }) => {
  await open(page, "/");
  await tabTo(page, "link", "Visits");
  await follow(page, "Your visits", true);
  await expect(page).toHaveTitle("Visits · Satchel");
  await tabBackTo(page, "link", "Session");
  await follow(page, "Your session", true);
  await page.goBack();
  await expectPage(page, "Your visits", true);
});

test("a message can be taken away by keyboard", { tag: "@js" }, async ({ page }) => {
  await open(page, "/visits");
  await tabTo(page, "button", "Reset");
  await send(page);
  await expectMessage(page, "The counter has been reset.");
  await tabBackTo(page, "button", "Dismiss");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toBeEmpty();
});

/** Goes on by the Tab key until the focus is there. Everything on the way shows that it has the focus. */
async function tabTo(page: Page, kind: Kind, name: string, key = "Tab") {
  const named = { name, exact: true };
  const goal = (kind === "field" ? page.getByLabel(name, { exact: true }) : page.getByRole(kind, named)).first();
  await expect(goal).toBeVisible();
  for (let stops = 0; stops < 120; stops += 1) {
    await page.keyboard.press(key);
    if (await goal.evaluate((element) => element === document.activeElement)) {
      await expectRing(page);
      await expect(goal).toBeInViewport();
      return;
    }
  }
  throw new Error(`the Tab key does not lead to the ${kind} "${name}"`);
}

function tabBackTo(page: Page, kind: Kind, name: string) {
  return tabTo(page, kind, name, "Shift+Tab");
}

/** What has the focus shows it. */
async function expectRing(page: Page) {
  const ring = await page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement ?? document.body);
    return `${outlineStyle} ${outlineWidth}`;
  });
  expect(ring, "the ring around what has the focus").toBe("solid 3px");
}

/** Follows the link that has the focus. */
async function follow(page: Page, heading: string, js: boolean) {
  await page.keyboard.press("Enter");
  await expectPage(page, heading, js);
}

/** A page with this heading is there. In a page that was not loaded the heading has the focus. */
async function expectPage(page: Page, heading: string, js: boolean) {
  const title = page.getByRole("heading", { name: heading, level: 1, exact: true });
  await expect(title).toBeVisible();
  await hydrated(page);
  if (js) await expect(title).toBeFocused();
}

/** Sends the form that has the focus, and waits for what comes back. */
async function send(page: Page) {
  const back = test.info().project.use.javaScriptEnabled === false
    ? page.waitForEvent("domcontentloaded")
    : page.waitForResponse((response) => response.request().method() === "POST");
  await page.keyboard.press("Enter");
  await back;
}

// <shop>
async function signInByKeyboard(page: Page, email: string, password: string) {
  await tabTo(page, "field", "E-mail");
  await page.keyboard.type(email);
  await tabTo(page, "field", "Password");
  await page.keyboard.type(password);
  await tabTo(page, "button", "Sign in");
  await page.keyboard.press("Enter");
}
// </shop>
