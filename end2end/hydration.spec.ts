import type { Page, Request } from "@playwright/test";

import {
  errors,
  expect,
  expectMessage,
  expectNoMessage,
  expectSameDocument,
  markDocument,
  open,
  test,
} from "./fixtures";
import { addToCart, expectCartItems, product, quantityField } from "./shop";

test.describe("the hydrated page", { tag: "@js" }, () => {
  test.beforeEach(async ({ page }) => {
    await open(page, "/");
    await markDocument(page);
  });

  test("sends a form by fetch without loading a new page", async ({ page }) => {
    const requests = recordRequests(page);
    await addToCart(page, "Enamel mug", 2);
    await expectCartItems(page, 2);
    expect(requests.map(describe)).toEqual(["fetch POST /api/cart/add"]);
    await expectSameDocument(page);
  });

  test("keeps the focus on the pressed button", async ({ page }) => {
    const button = addButton(page);
    await button.focus();
    await page.keyboard.press("Enter");
    await expectMessage(page, "Added to your cart.");
    await expect(button).toBeFocused();
  });

  test("marks the button as busy until the response arrives", async ({ page }) => {
    const release = await hold(page, "/api/**");
    const button = addButton(page);
    await expect(button).not.toHaveAttribute("aria-busy");
    await button.click();
    await expect(button).toHaveAttribute("aria-busy", "true");
    await expect(page.getByRole("button", { name: "Add to cart" }).and(page.locator("[aria-busy]"))).toHaveCount(1);
    release();
    await expect(button).not.toHaveAttribute("aria-busy");
    await expectCartItems(page, 1);
  });

  test("sends a form once, even if it is submitted repeatedly", async ({ page }) => {
    const requests = recordRequests(page);
    const release = await hold(page, "/api/**");
    await addButton(page).dblclick();
    await quantityField(product(page, "Enamel mug")).press("Enter");
    release();
    // Waits for the message: the badge is updated before the response arrives.
    await expectMessage(page, "Added to your cart.");
    expect(requests.map(describe)).toEqual(["fetch POST /api/cart/add"]);
  });

  test("shows an error when the server is unreachable, and works again afterwards", async ({ page, allowConsole }) => {
    allowConsole(/ERR_INTERNET_DISCONNECTED .*api\/cart\/add/);
    await page.context().setOffline(true);
    await addButton(page).click();
    await expect(errors(page)).toHaveText("We could not reach the server. Please check your connection and try again.");
    await expectCartItems(page, 0);

    await page.context().setOffline(false);
    await addButton(page).click();
    await expectCartItems(page, 1);
    await expect(errors(page)).toHaveCount(0);
  });

  test("removes a message that is dismissed", async ({ page }) => {
    await addToCart(page, "Enamel mug");
    await page.getByRole("status").getByRole("button", { name: "Dismiss" }).click();
    await expectNoMessage(page);
  });

  test("navigates to pages, back and forward without loading them", async ({ page }) => {
    const heading = page.getByRole("heading", { level: 1 });
    await page.getByRole("link", { name: "Enamel mug" }).click();
    await expect(heading).toHaveText("Enamel mug");
    await expect(page).toHaveTitle("Enamel mug · Satchel");
    await page.getByRole("link", { name: "Cart" }).click();
    await expect(heading).toHaveText("Your cart");

    await page.goBack();
    await expect(page).toHaveURL("/products/4");
    await expect(heading).toHaveText("Enamel mug");
    await page.goBack();
    await expect(page).toHaveURL("/");
    await expect(heading).toHaveText("Things worth carrying");
    await page.goForward();
    await expect(heading).toHaveText("Enamel mug");
    await expectSameDocument(page);
  });
});

test("without JavaScript a message has no button to dismiss it", { tag: "@no-js" }, async ({ page }) => {
  await open(page, "/");
  await addToCart(page, "Enamel mug");
  await expectMessage(page, "Added to your cart.");
  await expect(page.getByRole("button", { name: "Dismiss" })).toBeHidden();
});

function addButton(page: Page) {
  return product(page, "Enamel mug").getByRole("button", { name: "Add to cart" });
}

function recordRequests(page: Page) {
  const requests: Request[] = [];
  page.on("request", (request) => requests.push(request));
  return requests;
}

function describe(request: Request) {
  return `${request.resourceType()} ${request.method()} ${new URL(request.url()).pathname}`;
}

/** Holds matching requests until the returned function is called. */
async function hold(page: Page, requests: string) {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(requests, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}
