import type { Page } from "@playwright/test";
// <shop>
import { randomUUID } from "node:crypto";
// </shop>

import { type Account, expect, expectVisitor, open, signIn, test } from "./fixtures";

/** All pages that a guest can open, and a path without a page. */
export const guestPages = [
  "/",
  // <visits>
  "/visits",
  // </visits>
  // <explorer>
  "/session",
  // </explorer>
  // <cookies>
  "/cookies",
  // </cookies>
  "/login",
  "/register",
  "/nothing-here",
  // <shop>
  "/products/1",
  "/cart",
  // </shop>
];

/** Opens every page and waits until it is hydrated. Signs in for the private ones. */
export async function openEveryPage(page: Page, account: Account) {
  const openAll = async (paths: string[]) => {
    for (const path of paths) await test.step(path, () => open(page, path));
  };
  await openAll(guestPages);
  await open(page, "/account");
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await signIn(page, account);
  await expect(page).toHaveURL("/account");
  await expectVisitor(page, account.name);
  await openAll(["/account", "/nothing-here"]);
  // <shop>
  await openAll(["/orders", await placeOrder(page)]);
  // </shop>
}

// <shop>
/** Places an order and returns the path of its page. */
async function placeOrder(page: Page) {
  const headers = { accept: "application/json" };
  expect((await page.request.post("/api/cart/add", { form: { product: 1 }, headers })).status()).toBe(200);
  const placed = await page.request.post("/api/orders/place", { form: { token: randomUUID() }, headers });
  expect(placed.status()).toBe(200);
  return `/orders/${(await placed.json()).id}`;
}
// </shop>
