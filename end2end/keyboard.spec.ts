import type { Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

// <explorer>
import { form, valueRow } from "./explorer";
// </explorer>
import { expect, expectMessage, expectVisitor, open, signIn, test, waitForHydration, waitForSubmission } from "./fixtures";
// <shop>
import { expectCartItems } from "./shop";
// </shop>

/** A field is found by its label, a link or button by its role. */
type Kind = "field" | "link" | "button";

// <shop>
test("a keyboard user finds a product, signs in and orders it", async ({ page, account, js, allowConsole }) => {
  allowConsole(/status of 401 .*api\/orders\/place/);
  await open(page, "/");
  await tabTo(page, "link", "Skip to content");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();

  await tabTo(page, "field", "Search");
  await page.keyboard.type("mug");
  await page.keyboard.press("Enter");
  await expect(page.getByText("1 result.")).toBeVisible();
  await waitForHydration(page);
  await tabTo(page, "link", "Enamel mug");
  await followLink(page, "Enamel mug", js);
  await tabTo(page, "field", "Quantity");
  await page.keyboard.type("3");
  await tabTo(page, "button", "Add to cart");
  await submitByKeyboard(page);
  await expectMessage(page, "Added to your cart.");
  await expectCartItems(page, 3);
  if (js) await expect(page.getByRole("button", { name: "Add to cart" })).toBeFocused();

  await tabBackTo(page, "link", "Cart 3 items");
  await followLink(page, "Your cart", js);
  await tabTo(page, "button", "One Enamel mug more");
  await submitByKeyboard(page);
  await expectCartItems(page, 4);
  await tabTo(page, "button", "Remove Enamel mug");
  await submitByKeyboard(page);
  await expectCartItems(page, 0);
  const undo = page.getByRole("button", { name: "Undo: put Enamel mug back" });
  if (js) await expect(undo).toBeFocused();
  else await tabTo(page, "button", "Undo: put Enamel mug back");
  await submitByKeyboard(page);
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

test("a keyboard user registers, is led to an invalid field, and signs out", async ({ page, allowConsole }) => {
  allowConsole(/status of 422 .*api\/auth\/register/);
  await open(page, "/register");
  await tabTo(page, "field", "Name");
  await page.keyboard.type("Grace");
  await tabTo(page, "field", "E-mail");
  await page.keyboard.type("grace");
  await tabTo(page, "field", "Password");
  await page.keyboard.type("three-words-at-least");
  await submitByKeyboard(page);
  const email = page.getByLabel("E-mail");
  await expect(email).toHaveAccessibleDescription("Please enter an e-mail address, such as ada@example.com.");
  await expect(email).toBeFocused();
  await expectFocusRing(page);

  await page.keyboard.press("End");
  await page.keyboard.type(`.${randomUUID()}@example.com`);
  await tabTo(page, "field", "Password");
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("three-words-at-least");
  await submitByKeyboard(page);
  await expectVisitor(page, "Grace");
  await waitForHydration(page);
  await tabBackTo(page, "button", "Sign out");
  await submitByKeyboard(page);
  await expectVisitor(page, "Guest");
});

// <explorer>
test("a keyboard user sets, reads and removes a session value", async ({ page, js }) => {
  await open(page, "/session");
  await form(page, "Set a value").getByLabel("Key").focus();
  await page.keyboard.type("fruit");
  await tabTo(page, "field", "Value");
  await page.keyboard.type("plum");
  await tabTo(page, "button", "Set");
  await submitByKeyboard(page);
  await expect(valueRow(page, "fruit")).toContainText("plum");
  if (js) await expect(page.getByRole("button", { name: "Set", exact: true })).toBeFocused();
  await waitForHydration(page);
  await tabBackTo(page, "button", "Remove fruit");
  await submitByKeyboard(page);
  await expect(valueRow(page, "fruit")).toHaveCount(0);
  if (js) await expect(page.getByRole("heading", { name: "Values" })).toBeFocused();
});
// </explorer>

// <cookies>
test("a keyboard user sets and deletes a cookie", async ({ page }) => {
  await open(page, "/cookies");
  await tabTo(page, "field", "Name");
  await page.keyboard.type("fruit");
  await tabTo(page, "field", "Value");
  await page.keyboard.type("plum");
  await tabTo(page, "field", "Sign it");
  await page.keyboard.press("Space");
  await tabTo(page, "button", "Set cookie");
  await submitByKeyboard(page);
  await expect(page.getByRole("row").filter({ hasText: "Signed: the signature is valid" })).toBeVisible();
  await waitForHydration(page);
  await tabTo(page, "button", "Delete fruit");
  await submitByKeyboard(page);
  await expect(page.getByRole("button", { name: "Delete fruit" })).toHaveCount(0);
});
// </cookies>

test("a keyboard user chooses a theme", async ({ page, js }) => {
  await open(page, "/login");
  await tabTo(page, "button", "Dark");
  await submitByKeyboard(page);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  if (js) await expect(page.getByRole("button", { name: "Dark", exact: true })).toBeFocused();
});

test("the focus moves to the heading of the next page, and of the previous one after Back", { tag: "@js" }, async ({ page }) => {
  await open(page, "/");
  await tabTo(page, "link", "Sign in");
  await followLink(page, "Sign in", true);
  await expect(page).toHaveTitle("Sign in · Satchel");
  await tabTo(page, "link", "Create an account");
  await followLink(page, "Create an account", true);
  await page.goBack();
  await expectPage(page, "Sign in", true);
});

test("a message can be dismissed by keyboard", { tag: "@js" }, async ({ page }) => {
  await open(page, "/login");
  await signIn(page);
  await expectMessage(page, "Welcome! You are signed in now.");
  await tabBackTo(page, "button", "Dismiss");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toBeEmpty();
});

/** Presses Tab until the element has the focus. Expects a focus ring and an element in view. */
async function tabTo(page: Page, kind: Kind, name: string, key = "Tab") {
  const named = { name, exact: true };
  const goal = (kind === "field" ? page.getByLabel(name, { exact: true }) : page.getByRole(kind, named)).first();
  await expect(goal).toBeVisible();
  for (let stops = 0; stops < 120; stops += 1) {
    await page.keyboard.press(key);
    if (await goal.evaluate((element) => element === document.activeElement)) {
      await expectFocusRing(page);
      await expect(goal).toBeInViewport();
      return;
    }
  }
  throw new Error(`the Tab key does not lead to the ${kind} "${name}"`);
}

function tabBackTo(page: Page, kind: Kind, name: string) {
  return tabTo(page, kind, name, "Shift+Tab");
}

async function expectFocusRing(page: Page) {
  const ring = await page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement ?? document.body);
    return `${outlineStyle} ${outlineWidth}`;
  });
  expect(ring, "the ring around the focused element").toBe("solid 3px");
}

async function followLink(page: Page, heading: string, js: boolean) {
  await page.keyboard.press("Enter");
  await expectPage(page, heading, js);
}

/** Expects the page with this heading. With JavaScript the heading has the focus. */
async function expectPage(page: Page, heading: string, js: boolean) {
  const title = page.getByRole("heading", { name: heading, level: 1, exact: true });
  await expect(title).toBeVisible();
  await waitForHydration(page);
  if (js) await expect(title).toBeFocused();
}

/** Submits the focused form and waits for the response. */
async function submitByKeyboard(page: Page) {
  await waitForSubmission(page, () => page.keyboard.press("Enter"));
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
