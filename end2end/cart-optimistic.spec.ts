// The cart while a request is running: the page shows the expected result before the server responds.

import type { Page, Route } from "@playwright/test";

import { errors, expect, expectMessage, open, test } from "./fixtures";
import { addToCart, cartLine, expectCartItems, expectTotal, product, quantityField } from "./shop";

test.describe("before the server responds", { tag: "@js" }, () => {
  test.beforeEach(async ({ page }) => {
    await open(page, "/");
    await addToCart(page, "Enamel mug", 2);
  });

  test("the badge counts an added product, and stops counting it if the request fails", async ({ page, allowConsole }) => {
    allowConsole(/ERR_FAILED .*api\/cart\/add/);
    const held = await hold(page, "**/api/cart/add");
    await quantityField(product(page, "Field notebook")).fill("3");
    await product(page, "Field notebook").getByRole("button", { name: "Add to cart" }).click();
    await expectCartItems(page, 5);
    await held.fail();
    await expect(errors(product(page, "Field notebook"))).toHaveText(/could not reach the server/);
    await expectCartItems(page, 2);
  });

  test("the line and the totals change, and quick clicks are sent as one request", async ({ page }) => {
    await open(page, "/cart");
    const mug = cartLine(page, "Enamel mug");
    const held = await hold(page, "**/api/cart/set");
    for (const quantity of ["3", "4", "5"]) {
      await page.getByRole("button", { name: "One Enamel mug more" }).click();
      await expect(quantityField(mug)).toHaveValue(quantity);
    }
    await expectTotal(page, "€82.50");
    await expectCartItems(page, 5);
    await held.release();
    await expectMessage(page, "Your cart has been updated.");
    await expect.poll(() => held.bodies()).toEqual(["product=4&quantity=3", "product=4&quantity=5"]);
    // A reload would cancel a request that is still running.
    await expect(page.getByRole("button", { name: "Place order" })).not.toHaveAttribute("aria-busy");
    await page.reload();
    await expect(quantityField(mug)).toHaveValue("5");
  });

  test("waiting clicks are sent even if the visitor opens another page", async ({ page }) => {
    await open(page, "/cart");
    const held = await hold(page, "**/api/cart/set");
    for (const quantity of ["3", "4", "5"]) {
      await page.getByRole("button", { name: "One Enamel mug more" }).click();
      await expect(quantityField(cartLine(page, "Enamel mug"))).toHaveValue(quantity);
    }
    await held.first();
    await page.getByRole("banner").getByRole("link", { name: "Sign in" }).click();
    await expect(page).toHaveURL("/login");
    await expect.poll(() => held.bodies()).toEqual(["product=4&quantity=3", "product=4&quantity=5"]);
    await expectCartItems(page, 5);
  });

  test("two changed lines are correct even if the responses arrive in reverse order", async ({ page }) => {
    await addToCart(page, "Field notebook");
    await expectCartItems(page, 3);
    await open(page, "/cart");
    // The server handles both requests in order, but the responses arrive in reverse order.
    const responses: (() => Promise<void>)[] = [];
    await page.route("**/api/cart/set", async (route) => {
      const response = await route.fetch();
      responses.push(() => route.fulfill({ response }));
    });
    await page.getByRole("button", { name: "One Enamel mug more" }).click();
    await expect.poll(() => responses.length).toBe(1);
    await page.getByRole("button", { name: "One Field notebook more" }).click();
    await expect.poll(() => responses.length).toBe(2);
    await expectTotal(page, "€78.50");
    await expect(page.getByRole("button", { name: "Place order" })).toHaveAttribute("aria-busy", "true");
    await responses[1]!();
    await responses[0]!();
    await expect(page.getByRole("button", { name: "Place order" })).not.toHaveAttribute("aria-busy");
    await expectTotal(page, "€78.50");
    await expectCartItems(page, 5);
  });

  test("a removed line comes back with an error if the server is unreachable", async ({
    page,
    allowConsole,
  }) => {
    allowConsole(/ERR_FAILED .*api\/cart\/(remove|set)/);
    await open(page, "/cart");
    const mug = cartLine(page, "Enamel mug");
    const removal = await hold(page, "**/api/cart/remove");
    await page.getByRole("button", { name: "Remove Enamel mug" }).click();
    await expect(mug).toBeHidden();
    await expectTotal(page, "€0.00");
    await expectCartItems(page, 0);
    await removal.fail();
    await expect(errors(mug)).toHaveText(/could not reach the server/);
    await expectTotal(page, "€33.00");
    await expectCartItems(page, 2);
    await expect(page.getByRole("button", { name: "Remove Enamel mug" })).toBeFocused();

    const change = await hold(page, "**/api/cart/set");
    await page.getByRole("button", { name: "One Enamel mug more" }).click();
    await expectTotal(page, "€49.50");
    await change.fail();
    await expectTotal(page, "€33.00");
    await expect(quantityField(mug)).toHaveValue("2");
    await expectCartItems(page, 2);
  });
});

/** Holds matching requests until they are released or aborted. */
async function hold(page: Page, address: string) {
  const held: Route[] = [];
  const bodies: (string | null)[] = [];
  let open = false;
  await page.route(address, async (route) => {
    bodies.push(route.request().postData());
    if (open) return route.continue();
    held.push(route);
  });
  const first = async () => {
    await expect.poll(() => held.length).toBe(1);
    open = true;
    return held[0]!;
  };
  return {
    first,
    bodies: () => bodies,
    release: async () => (await first()).continue(),
    fail: async () => {
      await (await first()).abort();
      await page.unroute(address);
    },
  };
}
