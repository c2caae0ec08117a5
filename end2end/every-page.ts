import type { Page } from "@playwright/test";
// <shop>
import { randomUUID } from "node:crypto";
// </shop>

import { type Account, expect, expectVisitor, open, signIn, test } from "./fixtures";

/** The pages that a guest sees, and the one for an address without a page. */
export const guestPages = [
  "/",
  "/visits",
  "/session",
  "/cookies",
  "/login",
  "/register",
  "/nothing-here",
  // <shop>
  "/products/1",
  "/cart",
  // </shop>
];

/** Opens every page, the private ones signed in, and waits until each is hydrated. */
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
  await openAll(["/orders", await anOrder(page)]);
  // </shop>
}

// <shop>
/** Places an order, and returns the path of its page. */
async function anOrder(page: Page) {
  const headers = { accept: "application/json" };
  expect((await page.request.post("/api/cart/add", { form: { product: 1 }, headers })).status()).toBe(200);
  const placed = await page.request.post("/api/orders/place", { form: { token: randomUUID() }, headers });
  expect(placed.status()).toBe(200);
  return `/orders/${(await placed.json()).id}`;
}
// </shop>
