import type { Locator, Page } from "@playwright/test";
import { randomInt } from "node:crypto";

import { expect, submit } from "./fixtures";
import { sharedDatabaseServer, sql } from "./servers";

/** A product in the catalogue or on its own page, found by its name. */
export function product(page: Page, name: string) {
  const heading = page.getByRole("heading", { name, exact: true });
  return page.getByRole("listitem").or(page.getByRole("article")).filter({ has: heading });
}

/** The quantity field of a product or of a line in the cart. */
export function quantityField(part: Locator) {
  return part.getByLabel("Quantity", { exact: true });
}

export async function addToCart(page: Page, name: string, quantity = 1) {
  await quantityField(product(page, name)).fill(String(quantity));
  await submit(product(page, name).getByRole("button", { name: "Add to cart" }));
}

/** Creates a product that costs €10.00 on {@link sharedDatabaseServer}, and puts two of them into the page's cart. */
export async function createProductInCart(page: Page, stock: number) {
  const id = randomInt(1_000, 2 ** 40);
  const name = `Thing ${id}`;
  sql(`insert into products (id, name, description, price_cents, stock) values (${id}, '${name}', '', 1000, ${stock})`);
  const added = await page.request.post(`${sharedDatabaseServer}/api/cart/add`, {
    form: { product: id, quantity: 2 },
    headers: { accept: "application/json" },
  });
  expect(added.status()).toBe(200);
  return { id, name };
}

export function cartLine(page: Page, name: string) {
  return page.getByRole("listitem", { name });
}

export async function expectTotal(page: Page, total: string) {
  await expect(page.getByText(`Total ${total}`, { exact: true })).toBeVisible();
}

/** Expects the number of items that the header shows for the cart. */
export async function expectCartItems(page: Page, items: number) {
  const name = items === 1 ? "Cart 1 item" : `Cart ${items} items`;
  await expect(page.getByRole("banner").getByRole("link", { name, exact: true })).toBeVisible();
}
