import type { Page } from "@playwright/test";

import { expect, expectMessage, open, openSignedIn, submit, waitForHydration } from "./fixtures";
import { sharedDatabaseServer, sql } from "./servers";
import { addToCart, createProductInCart, expectCartItems, product, quantityField } from "./shop";
import type { State, StateContext } from "./states";

/** The states of the catalogue, the cart and the orders. */
export const shopStates: State[] = [
  {
    name: "the catalogue",
    prepare: async ({ page }) => {
      await open(page, "/");
      await addToCart(page, "Canvas satchel");
      await expectCartItems(page, 1);
      await open(page, "/");
    },
    picture: { name: "catalogue", project: "desktop", colorScheme: "light" },
  },
  { name: "a search with results", prepare: ({ page }) => search(page, "brass") },
  { name: "a search without results", prepare: ({ page }) => search(page, "a boat") },
  { name: "a product", prepare: ({ page }) => open(page, "/products/1") },
  { name: "a product with low stock", prepare: ({ page }) => open(page, "/products/3") },
  {
    name: "a product that is out of stock",
    prepare: async ({ page }) => {
      sql("update products set stock = 0 where id = 12");
      await open(page, "/products/12");
      await expect(page.getByText("Sold out")).toBeVisible();
    },
    server: sharedDatabaseServer,
  },
  { name: "a product that does not exist", prepare: ({ page }) => open(page, "/products/999") },
  {
    name: "a product that was added to the cart",
    prepare: async ({ page }) => {
      await open(page, "/products/4");
      await submit(page.getByRole("button", { name: "Add to cart" }));
      await expectMessage(page, "Added to your cart.");
    },
  },
  {
    name: "an invalid quantity",
    prepare: async ({ page }) => {
      await open(page, "/");
      await addToCart(page, "Enamel mug", 100);
      await expect(quantityField(product(page, "Enamel mug"))).toHaveAccessibleDescription(/from 1 to 99/);
      await waitForHydration(page);
    },
  },
  { name: "the empty cart", prepare: ({ page }) => open(page, "/cart") },
  {
    name: "the cart",
    prepare: ({ page }) => openFilledCart(page),
    picture: { name: "cart-dark", project: "desktop", colorScheme: "dark" },
  },
  {
    name: "the cart after a product was removed",
    prepare: async ({ page }) => {
      await openFilledCart(page);
      await submit(page.getByRole("button", { name: "Remove Canvas satchel" }));
      await expect(page.getByRole("button", { name: "Undo: put Canvas satchel back" })).toBeVisible();
    },
  },
  {
    name: "the cart after it was emptied",
    prepare: async ({ page }) => {
      await openFilledCart(page);
      await submit(page.getByRole("button", { name: "Empty the cart" }));
      await expect(page.getByRole("button", { name: "Undo: put everything back" })).toBeVisible();
    },
  },
  {
    name: "the cart with a changed price and low stock",
    prepare: async ({ page }) => {
      const thing = await createProductInCart(page, 2);
      sql(`update products set price_cents = 1250, stock = 1 where id = ${thing.id}`);
      await open(page, "/cart");
      await expect(page.getByText("Only 1 left. Please reduce the quantity.")).toBeVisible();
    },
    server: sharedDatabaseServer,
  },
  {
    name: "the orders without any",
    prepare: async ({ page, account }) => {
      await openSignedIn(page, account, "/orders");
      await expect(page.getByText("You have not ordered anything yet.")).toBeVisible();
    },
  },
  { name: "the orders after one was placed", prepare: placeOrder },
  {
    name: "an order",
    prepare: async (context) => {
      await placeOrder(context);
      await context.page.getByRole("main").getByRole("link", { name: /^Order / }).click();
      await expect(context.page.getByRole("table")).toBeVisible();
    },
  },
];

async function search(page: Page, words: string) {
  await open(page, "/");
  await page.getByLabel("Search").fill(words);
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page).toHaveURL(/\?q=/);
  await expect(page.getByText(/^\d+ results?\.|No results/)).toBeVisible();
  await waitForHydration(page);
}

async function openFilledCart(page: Page) {
  await open(page, "/");
  await addToCart(page, "Field notebook", 12);
  await addToCart(page, "Canvas satchel", 2);
  await open(page, "/cart");
  await expectCartItems(page, 14);
}

async function placeOrder({ page, account }: StateContext) {
  await openSignedIn(page, account, "/account");
  await openFilledCart(page);
  await submit(page.getByRole("button", { name: "Place order" }));
  await expect(page).toHaveURL("/orders");
  await expectMessage(page, "Your order has been placed. Thank you!");
}
