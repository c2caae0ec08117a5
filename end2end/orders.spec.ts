import type { Page } from "@playwright/test";

import {
  type Account,
  errors,
  expect,
  expectMessage,
  expectNoAxeViolations,
  expectVisitor,
  open,
  signIn,
  submit,
  test,
} from "./fixtures";
import { sharedDatabaseServer, sql } from "./servers";
import { addToCart, createProductInCart, expectCartItems } from "./shop";

test("a guest signs in, returns to the cart and orders it", async ({ page, account, allowConsole, js }) => {
  allowConsole(/status of 401 .*api\/orders\/place/);
  await open(page, "/");
  await addToCart(page, "Enamel mug", 2);
  await expectCartItems(page, 2);
  await open(page, "/cart");
  await expect(page.getByText("There is no payment")).toBeVisible();
  await submit(placeOrderButton(page));
  await expect(page).toHaveURL("/login?next=%2Fcart");
  await signIn(page, account);
  await expect(page).toHaveURL("/cart");
  await expect(page.getByRole("listitem", { name: "Enamel mug" })).toBeVisible();
  await submit(placeOrderButton(page));
  await expect(page).toHaveURL("/orders");
  await expectMessage(page, "Your order has been placed. Thank you!");
  await expectCartItems(page, 0);
  await expect(orderLinks(page)).toHaveCount(1);
  await expect(page.getByRole("main")).toContainText("€33.00");
  if (js) await expectNoAxeViolations(page);

  await orderLinks(page).click();
  await expect(page).toHaveURL(/\/orders\/[0-9a-f-]{36}$/);
  await expect(page.getByRole("row", { name: "Enamel mug 2 €16.50 €33.00" })).toBeVisible();
  await expect(page.getByRole("row", { name: "Total €33.00" })).toBeVisible();
  if (js) await expectNoAxeViolations(page);
  await page.getByRole("link", { name: "All your orders" }).click();
  await expect(page).toHaveURL("/orders");
});

test("a double click places one order", async ({ page, account }) => {
  await fillCart(page, account);
  await placeOrderButton(page).dblclick();
  await expect(page).toHaveURL("/orders");
  await open(page, "/orders");
  await expect(orderLinks(page)).toHaveCount(1);
});

test("going back after an order shows an empty cart and one order", async ({ page, account }) => {
  await fillCart(page, account);
  await submit(placeOrderButton(page));
  await expect(page).toHaveURL("/orders");
  await page.goBack();
  await expect(page.getByText("Your cart is empty.", { exact: true })).toBeVisible();
  await open(page, "/orders");
  await expect(orderLinks(page)).toHaveCount(1);
});

// Security: 15.4.1
test("two tabs with the same cart place one order", async ({ page, context, account, js }) => {
  await fillCart(page, account);
  const tab = await context.newPage();
  await open(tab, "/cart");
  await submit(placeOrderButton(tab));
  await expect(tab).toHaveURL("/orders");
  if (!js) {
    // With the same token this is the same order. With another token the cart is already empty.
    await submit(placeOrderButton(page));
    await open(page, "/cart");
  }
  await expect(page.getByText("Your cart is empty.", { exact: true })).toBeVisible();
  await open(page, "/orders");
  await expect(orderLinks(page)).toHaveCount(1);
});

test("a retry after a lost response places no second order", async ({ page, account, allowConsole, js }) => {
  allowConsole(/ERR_FAILED .*api\/orders\/place/);
  await fillCart(page, account);
  if (js) {
    // The server places the order, but the response is lost.
    await page.route("**/api/orders/place", async (route) => {
      await route.fetch();
      await route.abort();
      await page.unroute("**/api/orders/place");
    });
    await placeOrderButton(page).click();
    await expect(errors(page)).toHaveText(/could not reach the server/);
  } else {
    const token = await page.locator("input[name=token]").inputValue();
    const headers = { accept: "application/json" };
    expect((await page.request.post("/api/orders/place", { form: { token }, headers })).status()).toBe(200);
  }
  await submit(placeOrderButton(page));
  await expect(page).toHaveURL("/orders");
  await expectMessage(page, "Your order has been placed. Thank you!");
  await expect(orderLinks(page)).toHaveCount(1);
});

test("a user without orders sees that there are none", async ({ page, account }) => {
  await open(page, "/orders");
  await expect(page).toHaveURL("/login?next=%2Forders");
  await signIn(page, account);
  await expect(page).toHaveURL("/orders");
  await expect(page.getByText("You have not ordered anything yet.")).toBeVisible();
  await expect(page.getByRole("banner").getByRole("link", { name: "Orders" })).toBeVisible();
});

test.describe("when the catalogue changes before the order", () => {
  test.use({ baseURL: sharedDatabaseServer });

  test.beforeEach(async ({ page, account, allowConsole }) => {
    allowConsole(/status of 409 .*api\/orders\/place/);
    await open(page, "/login?next=/cart");
    await signIn(page, account);
    await expectVisitor(page, account.name);
  });

  test("a product that another buyer bought first is reported, and nothing is ordered", async ({ page }) => {
    const thing = await createProductInCart(page, 2);
    await open(page, "/cart");
    sql(`update products set stock = 1 where id = ${thing.id}`);
    await submit(placeOrderButton(page));
    await expect(errors(page)).toHaveText(/not available in this quantity, so nothing was ordered/);
    await expect(page.getByText("Only 1 left. Please reduce the quantity.")).toBeVisible();
    await expectCartItems(page, 2);
    await submit(page.getByRole("button", { name: `One ${thing.name} fewer` }));
    await expectCartItems(page, 1);
    await expect(errors(page)).toHaveCount(0);
    await submit(placeOrderButton(page));
    await expect(page).toHaveURL("/orders");
    await expect(orderLinks(page)).toHaveCount(1);
    await expect(page.getByRole("main")).toContainText("€10.00");
  });

  test("a new price is shown before the order is placed", async ({ page }) => {
    const thing = await createProductInCart(page, 10);
    await open(page, "/cart");
    sql(`update products set price_cents = 1250 where id = ${thing.id}`);
    await submit(placeOrderButton(page));
    await expect(errors(page)).toHaveText(/Your cart or a price has changed, so nothing was ordered/);
    await expect(page.getByText("The price was €10.00 when you added it.")).toBeVisible();
    await submit(placeOrderButton(page));
    await expect(page).toHaveURL("/orders");
    await expect(page.getByRole("main")).toContainText("€25.00");
  });
});

async function fillCart(page: Page, account: Account) {
  await open(page, "/login");
  await signIn(page, account);
  await expectVisitor(page, account.name);
  await open(page, "/");
  await addToCart(page, "Enamel mug", 2);
  await expectCartItems(page, 2);
  await open(page, "/cart");
}

function placeOrderButton(page: Page) {
  return page.getByRole("button", { name: "Place order" });
}

function orderLinks(page: Page) {
  return page.getByRole("link", { name: /^Order [0-9a-f]{8}$/ });
}
