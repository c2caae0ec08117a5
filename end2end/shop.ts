import type { Locator, Page } from "@playwright/test";
import { randomInt } from "node:crypto";

import { expect, submit } from "./fixtures";
import { changingServer, sql } from "./servers";

/** A product in the catalogue, or the one that a page is about. */
export function product(page: Page, name: string) {
  const heading = page.getByRole("heading", { name, exact: true });
  return page.getByRole("listitem").or(page.getByRole("article")).filter({ has: heading });
}

/** The field for a quantity in a product or in a line of the cart. */
export function quantityIn(part: Locator) {
  return part.getByLabel("Quantity", { exact: true });
}

/** Puts a product that is on the page into the cart. */
export async function addToCart(page: Page, name: string, quantity = 1) {
  await quantityIn(product(page, name)).fill(String(quantity));
  await submit(product(page, name).getByRole("button", { name: "Add to cart" }));
}

/** A product of this test's own on {@link changingServer}, at €10.00, of which two are in the page's cart. */
export async function stockThing(page: Page, stock: number) {
  const id = randomInt(1_000, 2 ** 40);
  const name = `Thing ${id}`;
  sql(`insert into products (id, name, description, price_cents, stock) values (${id}, '${name}', '', 1000, ${stock})`);
  const added = await page.request.post(`${changingServer}/api/cart/add`, {
    form: { product: id, quantity: 2 },
    headers: { accept: "application/json" },
  });
  expect(added.status()).toBe(200);
  return { id, name };
}

/** The number of things in the cart, as the header tells it. */
export async function expectCartItems(page: Page, items: number) {
  const name = items === 1 ? "Cart 1 item" : `Cart ${items} items`;
  await expect(page.getByRole("banner").getByRole("link", { name, exact: true })).toBeVisible();
}
