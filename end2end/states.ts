import type { Browser, Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

import { setValue } from "./explorer";
import { type Account, answerPeek, demo, errors, expect, expectMessage, expectVisitor, hydrated, open, signIn, submit } from "./fixtures";
import { changingServer, limitedServer, crowdedServer, sql, usualServer } from "./servers";
// <shop>
import { addToCart, expectCartItems, product, quantityIn, stockThing } from "./shop";
// </shop>

/** What a state is reached with. */
export type Scene = { page: Page; browser: Browser; account: Account };

/** A page as a visitor may see it. */
export type State = {
  name: string;
  /** Goes there as a visitor would. */
  reach: (scene: Scene) => Promise<void>;
  /** Where, if not on the usual server. */
  server?: string;
  /** There is no such state without JavaScript. */
  js?: true;
  /** It has no layout: it is shown when there is no server. */
  alone?: true;
  /** Its place in the README, by the name of the picture. */
  picture?: { name: string; project: string; colorScheme: "light" | "dark" };
};

/** Every page in every state that is worth a look. */
export const states: State[] = [
  // <shop>
  {
    name: "the catalogue",
    reach: async ({ page }) => {
      await open(page, "/");
      await addToCart(page, "Canvas satchel");
      await expectCartItems(page, 1);
      await open(page, "/");
    },
    picture: { name: "catalogue", project: "desktop", colorScheme: "light" },
  },
  { name: "a search that finds something", reach: ({ page }) => search(page, "brass") },
  { name: "a search that finds nothing", reach: ({ page }) => search(page, "a boat") },
  { name: "a product", reach: ({ page }) => open(page, "/products/1") },
  { name: "a product of which few are left", reach: ({ page }) => open(page, "/products/3") },
  {
    name: "a product that is sold out",
    reach: async ({ page }) => {
      sql("update products set stock = 0 where id = 12");
      await open(page, "/products/12");
      await expect(page.getByText("Sold out")).toBeVisible();
    },
    server: changingServer,
  },
  { name: "a product that is not there", reach: ({ page }) => open(page, "/products/999") },
  {
    name: "something was added to the cart",
    reach: async ({ page }) => {
      await open(page, "/products/4");
      await submit(page.getByRole("button", { name: "Add to cart" }));
      await expectMessage(page, "Added to your cart.");
    },
  },
  {
    name: "a quantity was refused",
    reach: async ({ page }) => {
      await open(page, "/");
      await addToCart(page, "Enamel mug", 100);
      await expect(quantityIn(product(page, "Enamel mug"))).toHaveAccessibleDescription(/from 1 to 99/);
      await hydrated(page);
    },
  },
  { name: "the empty cart", reach: ({ page }) => open(page, "/cart") },
  {
    name: "the cart",
    reach: ({ page }) => openFilledCart(page),
    picture: { name: "cart-dark", project: "desktop", colorScheme: "dark" },
  },
  {
    name: "something was taken out of the cart",
    reach: async ({ page }) => {
      await openFilledCart(page);
      await submit(page.getByRole("button", { name: "Remove Canvas satchel" }));
      await expect(page.getByRole("button", { name: "Undo: put Canvas satchel back" })).toBeVisible();
    },
  },
  {
    name: "the cart was emptied",
    reach: async ({ page }) => {
      await openFilledCart(page);
      await submit(page.getByRole("button", { name: "Empty the cart" }));
      await expect(page.getByRole("button", { name: "Undo: put everything back" })).toBeVisible();
    },
  },
  {
    name: "the cart with what has changed",
    reach: async ({ page }) => {
      const thing = await stockThing(page, 2);
      sql(`update products set price_cents = 1250, stock = 1 where id = ${thing.id}`);
      await open(page, "/cart");
      await expect(page.getByText("Only 1 left. Please reduce the quantity.")).toBeVisible();
    },
    server: changingServer,
  },
  {
    name: "no orders",
    reach: async ({ page, account }) => {
      await openSignedIn(page, account, "/orders");
      await expect(page.getByText("You have not ordered anything yet.")).toBeVisible();
    },
  },
  { name: "an order was placed", reach: placeOrder },
  {
    name: "an order",
    reach: async (scene) => {
      await placeOrder(scene);
      await scene.page.getByRole("main").getByRole("link", { name: /^Order / }).click();
      await expect(scene.page.getByRole("table")).toBeVisible();
    },
  },
  // </shop>
  {
    name: "the visits",
    reach: ({ page }) => open(page, "/visits"),
    picture: { name: "visits-phone", project: "phone", colorScheme: "light" },
  },
  {
    name: "no visits",
    reach: async ({ page }) => {
      await open(page, "/visits");
      await submit(page.getByRole("button", { name: "Reset" }));
      await expectMessage(page, "The counter has been reset.");
    },
  },
  {
    name: "the code of a page",
    reach: async ({ page }) => {
      await open(page, "/visits");
      await page.getByText("How this works").click();
      await expect(page.getByLabel("Code from app/src/visits/api.rs")).toBeVisible();
    },
  },
  { name: "no session", reach: ({ page }) => open(page, "/session") },
  {
    name: "a session with values",
    reach: async ({ page }) => {
      await open(page, "/session");
      await setValue(page, "list", `{"a": [1, 2], "text": "${"long ".repeat(60)}"}`);
      await setValue(page, "a-key-that-is-rather-long-and-has-no-blanks-in-it", "x".repeat(300));
      await open(page, "/session?key=list");
    },
  },
  {
    name: "a session",
    reach: async ({ page }) => {
      await open(page, "/visits");
      await open(page, "/session");
      await setValue(page, "favourite", `{"colour": "green", "numbers": [7, 12]}`);
      await open(page, "/session");
    },
    picture: { name: "session", project: "desktop", colorScheme: "light" },
  },
  {
    name: "a value was refused",
    reach: async ({ page }) => {
      await open(page, "/session");
      const form = page.getByRole("form", { name: "Set a value" });
      await form.getByLabel("Key").fill("list");
      await form.getByLabel("Value").fill("[1, 2");
      await submit(form.getByRole("button", { name: "Set" }));
      await expect(errors(page)).toHaveText(/not valid JSON/);
      await hydrated(page);
    },
  },
  {
    name: "cookies",
    reach: async ({ page }) => {
      await page.context().addCookies([
        { name: "plain", value: "lab:" + "v".repeat(1_000), url: usualServer },
        { name: "n".repeat(64), value: "lab:s:changed.signature", url: usualServer },
      ]);
      await open(page, "/cookies");
      await page.getByLabel("Name", { exact: true }).fill("signed");
      await page.getByLabel("Sign it").check();
      await submit(page.getByRole("button", { name: "Set cookie" }));
      await expect(page.getByRole("row").filter({ hasText: "Signed: the signature is valid" })).toBeVisible();
      await hydrated(page);
    },
  },
  { name: "no cookies", reach: ({ page }) => open(page, "/cookies") },
  {
    name: "a cookie was refused",
    reach: async ({ page }) => {
      await open(page, "/cookies");
      await submit(page.getByRole("button", { name: "Set cookie" }));
      await expect(errors(page)).toHaveCount(1);
      await hydrated(page);
    },
  },
  { name: "signing in", reach: ({ page }) => open(page, "/login") },
  { name: "signing in to go on", reach: ({ page }) => open(page, "/account") },
  {
    name: "a field of the sign-in was refused",
    reach: async ({ page }) => {
      await open(page, "/login");
      await signIn(page, { ...demo, email: "demo", password: "" });
      await expect(errors(page)).toHaveCount(1);
      await hydrated(page);
    },
  },
  {
    name: "too many tries",
    reach: async ({ page }) => {
      const email = `${randomUUID()}@example.com`;
      await open(page, "/login");
      for (let number = 0; number < 4; number += 1) {
        await signIn(page, { name: "", email, password: "guess" });
        await expect(errors(page)).toHaveCount(1);
        await hydrated(page);
      }
      await expect(errors(page)).toHaveText(/Please try again in 20 minutes/);
    },
    server: limitedServer,
  },
  { name: "registering", reach: ({ page }) => open(page, "/register") },
  {
    name: "registering with a name that is missing",
    reach: async ({ page }) => {
      await open(page, "/register");
      await submit(page.getByRole("button", { name: "Create account" }));
      await expect(errors(page)).toHaveCount(1);
      await hydrated(page);
    },
  },
  ...(["short", "a-few-words", "a few words and some more"] as const).map(
    (password): State => ({
      name: `the meter of "${password}"`,
      reach: async ({ page }) => {
        await open(page, "/register");
        await page.getByLabel("Password", { exact: true }).fill(password);
        await expect(page.getByText(/Please use at least|Good\.|Strong\./)).toBeVisible();
      },
      js: true,
    }),
  ),
  {
    name: "the account on two devices",
    reach: async ({ page, browser, account }) => {
      const elsewhere = await (await browser.newContext()).newPage();
      await openSignedIn(elsewhere, account, "/account");
      await elsewhere.context().close();
      await openSignedIn(page, account, "/account");
      await expect(page.getByRole("button", { name: "Sign out everywhere else" })).toBeVisible();
    },
  },
  {
    name: "a wrong password on the account page",
    reach: async ({ page, account }) => {
      await openSignedIn(page, account, "/account");
      await page.getByLabel("Current password", { exact: true }).fill("wrong");
      await page.getByLabel("New password", { exact: true }).fill("four-words-are-better");
      await submit(page.getByRole("button", { name: "Change password" }));
      await expect(errors(page)).toHaveText("This password is wrong.");
      await hydrated(page);
    },
  },
  {
    name: "the account that asks who one is",
    reach: async ({ page, account }) => {
      await openSignedIn(page, account, "/account");
      sql(`update sessions set data = json_set(data, '$.sign_in.d.confirmed_at', 0), version = version + 1 where ${mine(account)}`);
      await open(page, "/account");
      await expect(page.getByRole("heading", { name: "Confirm your password" })).toBeVisible();
    },
    server: changingServer,
  },
  {
    name: "a session that ends soon",
    reach: async ({ page, account }) => {
      await page.clock.install();
      await openSignedIn(page, account, "/account");
      await answerPeek(page, (visitor) => ({ ...visitor, session: { ...visitor.session, unused: 55 } }));
      await page.clock.fastForward("29:05");
      await expect(page.getByRole("button", { name: "Stay signed in" })).toBeVisible();
    },
    js: true,
  },
  {
    name: "a session that has ended",
    reach: async ({ page, account }) => {
      await page.clock.install();
      await openSignedIn(page, account, "/account");
      await answerPeek(page, (visitor) => ({ ...visitor, user: null, session: undefined }));
      await page.clock.fastForward("29:05");
      await expect(page.getByRole("heading", { name: "Your session has ended" })).toBeVisible();
    },
    js: true,
  },
  { name: "a page that does not exist", reach: ({ page }) => open(page, "/nothing-here") },
  {
    name: "a form of another site",
    reach: async ({ page }) => {
      await page.route("http://evil.test/", (route) =>
        route.fulfill({
          contentType: "text/html",
          body: `<form method="post" action="${usualServer}/api/preferences/theme"><button name="theme" value="dark">Go</button></form>`,
        }),
      );
      await page.goto("http://evil.test/");
      await page.getByRole("button", { name: "Go" }).click();
      await expect(page.getByRole("heading", { name: "Request from another website" })).toBeVisible();
    },
  },
  {
    name: "too many new visitors",
    reach: async ({ page }) => {
      await page.goto(`${crowdedServer}/visits`);
      await page.context().clearCookies();
      await page.goto(`${crowdedServer}/visits`);
      await expect(page.getByText(/Please try again in \d+ minutes/)).toBeVisible();
    },
  },
  {
    name: "a server without its records",
    reach: async ({ page, account }) => {
      await openSignedIn(page, account, "/account");
      const trigger = `away_${randomUUID().replaceAll("-", "_")}`;
      sql(`create trigger ${trigger} before update on sessions when old.${mine(account)} begin select raise(abort, 'away'); end`);
      await page.goto("/visits");
      await expect(page.getByText(/If you contact us about this/)).toBeVisible();
    },
    server: changingServer,
  },
  {
    name: "a page that could not be fetched",
    reach: async ({ page }) => {
      await open(page, "/login");
      await page.route("**/api/visits/record", (route) => route.abort());
      await page.getByRole("link", { name: "Visits" }).click();
      await expect(page.getByRole("heading", { name: "You seem to be offline" })).toBeVisible();
    },
    js: true,
  },
  { name: "no server at all", reach: async ({ page }) => void (await page.goto("/500.html")), alone: true },
];

/** What the browser says of pages whose status is an error, and of what was made to fail. */
export const expectedConsole = /status of (4\d\d|503) |ERR_FAILED/;

/** Which row of the table of sessions is the one in which somebody is signed in. */
function mine({ email }: Account) {
  return `owner = (select id from users where email = '${email}')`;
}

/** Opens a private page, and signs in on the way. */
async function openSignedIn(page: Page, account: Account, path: string) {
  await open(page, path);
  await signIn(page, account);
  await expect(page).toHaveURL(path);
  await expectVisitor(page, account.name);
  await hydrated(page);
}

// <shop>
async function search(page: Page, words: string) {
  await open(page, "/");
  await page.getByLabel("Search").fill(words);
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page).toHaveURL(/\?q=/);
  await expect(page.getByText(/^\d+ results?\.|No results/)).toBeVisible();
  await hydrated(page);
}

async function openFilledCart(page: Page) {
  await open(page, "/");
  await addToCart(page, "Field notebook", 12);
  await addToCart(page, "Canvas satchel", 2);
  await open(page, "/cart");
  await expectCartItems(page, 14);
}

async function placeOrder({ page, account }: Scene) {
  await openSignedIn(page, account, "/account");
  await openFilledCart(page);
  await submit(page.getByRole("button", { name: "Place order" }));
  await expect(page).toHaveURL("/orders");
  await expectMessage(page, "Your order has been placed. Thank you!");
}
// </shop>
