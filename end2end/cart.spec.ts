import type { Locator } from "@playwright/test";

import {
  errors,
  expect,
  expectMessage,
  expectNoAxeViolations,
  expectVisitor,
  open,
  signIn,
  signOut,
  submit,
  test,
} from "./fixtures";
import { sharedDatabaseServer, sql } from "./servers";
import { addToCart, cartLine, createProductInCart, expectCartItems, expectTotal, product, quantityField } from "./shop";

test.describe("filling the cart", () => {
  test.beforeEach(async ({ page }) => open(page, "/"));

  test("a product is added with its quantity", async ({ page }) => {
    await expectCartItems(page, 0);
    await addToCart(page, "Enamel mug", 3);
    await expectMessage(page, "Added to your cart.");
    await expectCartItems(page, 3);
    await addToCart(page, "Field notebook");
    await expectCartItems(page, 4);

    await open(page, "/cart");
    await expect(quantityField(cartLine(page, "Enamel mug"))).toHaveValue("3");
    await expect(quantityField(cartLine(page, "Field notebook"))).toHaveValue("1");
  });

  test("a product can be added on its own page", async ({ page }) => {
    await page.getByRole("link", { name: "Steel water bottle" }).click();
    await expect(page).toHaveURL("/products/8");
    await addToCart(page, "Steel water bottle", 2);
    await expect(page).toHaveURL("/products/8");
    await expectMessage(page, "Added to your cart.");
    await expectCartItems(page, 2);
  });

  test("adding the same product again increases its quantity", async ({ page }) => {
    await addToCart(page, "Enamel mug", 2);
    await expectCartItems(page, 2);
    await addToCart(page, "Enamel mug", 3);
    await expectCartItems(page, 5);
    await open(page, "/cart");
    await expect(quantityField(cartLine(page, "Enamel mug"))).toHaveValue("5");
  });

  test("more than 99 of one product are refused", async ({ page, allowConsole }) => {
    allowConsole(/status of 422 .*api\/cart\/add/);
    await addToCart(page, "Enamel mug", 60);
    await expectCartItems(page, 60);
    await addToCart(page, "Enamel mug", 40);
    await expect(quantityField(product(page, "Enamel mug"))).toHaveAccessibleDescription(
      "You can have at most 99 of one product in your cart.",
    );
    await expectCartItems(page, 60);
  });
});

test.describe("an invalid quantity", () => {
  const wrong = [
    { typed: "100", problem: "Please enter a number from 1 to 99." },
    { typed: "1.5", problem: "Please enter a whole number." },
    { typed: "-1", problem: "Please enter a number from 1 to 99." },
    { typed: "abc", problem: "Please enter a whole number." },
  ];

  test.beforeEach(async ({ page, allowConsole }) => {
    allowConsole(/status of 422 .*api\/cart\/(add|set)/);
    await open(page, "/");
    await addToCart(page, "Enamel mug", 3);
    await addToCart(page, "Field notebook", 2);
    await expectCartItems(page, 5);
  });

  test("shows an error beside its product in the catalogue", async ({ page }) => {
    const mug = product(page, "Enamel mug");
    for (const { typed, problem } of wrong) {
      await typeKeys(quantityField(mug), typed);
      await submit(mug.getByRole("button", { name: "Add to cart" }));
      await expect(quantityField(mug)).toHaveAccessibleDescription(problem);
      await expect(quantityField(mug)).toHaveValue(typed);
      await expect(errors(page)).toHaveCount(1);
      await expectCartItems(page, 5);
    }
  });

  test("shows an error beside its line in the cart", async ({ page }) => {
    await open(page, "/cart");
    const mug = cartLine(page, "Enamel mug");
    for (const { typed, problem } of wrong) {
      await typeKeys(quantityField(mug), typed);
      await submit(mug.getByRole("button", { name: "Update" }));
      await expect(quantityField(mug)).toHaveAccessibleDescription(problem);
      await expect(quantityField(mug)).toHaveValue(typed);
      await expect(errors(page)).toHaveCount(1);
      await expect(mug).toContainText("€49.50");
      await expectCartItems(page, 5);
    }
  });

  test("loses its error once it is corrected", async ({ page }) => {
    await addToCart(page, "Enamel mug", 100);
    await expect(errors(page)).toHaveCount(1);
    await addToCart(page, "Enamel mug", 10);
    await expectMessage(page, "Added to your cart.");
    await expect(errors(page)).toHaveCount(0);
  });
});

test.describe("a cart with two mugs and a notebook", () => {
  test.beforeEach(async ({ page }) => {
    await open(page, "/");
    await addToCart(page, "Enamel mug", 2);
    await addToCart(page, "Field notebook", 1);
    await open(page, "/cart");
  });

  test("shows the price of each line and the total", async ({ page }) => {
    await expect(cartLine(page, "Enamel mug")).toContainText("€16.50 each");
    await expect(cartLine(page, "Enamel mug")).toContainText("€33.00");
    await expect(cartLine(page, "Field notebook")).toContainText("€14.50 each");
    await expectTotal(page, "€47.50");
  });

  test("updates the quantity of a product", async ({ page }) => {
    await quantityField(cartLine(page, "Enamel mug")).fill("4");
    await submit(page.getByRole("button", { name: "Update quantity of Enamel mug" }));
    await expectMessage(page, "Your cart has been updated.");
    await expect(quantityField(cartLine(page, "Enamel mug"))).toHaveValue("4");
    await expect(cartLine(page, "Enamel mug")).toContainText("€66.00");
    await expectTotal(page, "€80.50");
    await expectCartItems(page, 5);
  });

  test("removes a product whose quantity is set to 0", async ({ page }) => {
    await quantityField(cartLine(page, "Enamel mug")).fill("0");
    await submit(page.getByRole("button", { name: "Update quantity of Enamel mug" }));
    await expect(cartLine(page, "Enamel mug")).toHaveCount(0);
    await expectTotal(page, "€14.50");
    await expectCartItems(page, 1);
  });

  test("changes a quantity by one at a click", async ({ page }) => {
    const mug = cartLine(page, "Enamel mug");
    await submit(page.getByRole("button", { name: "One Enamel mug more" }));
    await expect(quantityField(mug)).toHaveValue("3");
    await submit(page.getByRole("button", { name: "One Enamel mug more" }));
    await expect(quantityField(mug)).toHaveValue("4");
    await submit(page.getByRole("button", { name: "One Enamel mug fewer" }));
    await expect(quantityField(mug)).toHaveValue("3");
    // A quantity of 1 stays.
    await page.getByRole("button", { name: "One Field notebook fewer" }).press("Enter");
    await expectTotal(page, "€64.00");
    await expectCartItems(page, 4);
    await page.reload();
    await expectTotal(page, "€64.00");
  });

  test("refuses a click that would exceed 99", async ({ page, allowConsole }) => {
    allowConsole(/status of 422 .*api\/cart\/set/);
    const mug = cartLine(page, "Enamel mug");
    await quantityField(mug).fill("99");
    await submit(mug.getByRole("button", { name: "Update" }));
    await expectCartItems(page, 100);
    await submit(page.getByRole("button", { name: "One Enamel mug more" }));
    await expect(quantityField(mug)).toHaveAccessibleDescription("Please enter a number from 1 to 99.");
    await expectCartItems(page, 100);
  });

  test("removes a product and restores it at its place", async ({ page, js }) => {
    await submit(page.getByRole("button", { name: "Remove Enamel mug" }));
    await expect(page.getByRole("status").getByText("Enamel mug was removed.")).toBeVisible();
    await expect(cartLine(page, "Enamel mug")).toHaveCount(0);
    await expectTotal(page, "€14.50");
    await expectCartItems(page, 1);
    const undo = page.getByRole("button", { name: "Undo: put Enamel mug back" });
    if (js) await expect(undo).toBeFocused();
    await submit(undo);
    await expect(page.getByRole("listitem", { name: /./ })).toHaveCount(2);
    await expect(page.getByRole("listitem", { name: /./ }).first()).toHaveAccessibleName("Enamel mug");
    await expectTotal(page, "€47.50");
    await expectCartItems(page, 3);
    await expect(undo).toHaveCount(0);
  });

  test("restores its last product", async ({ page }) => {
    await submit(page.getByRole("button", { name: "Remove Enamel mug" }));
    await expect(cartLine(page, "Enamel mug")).toHaveCount(0);
    await submit(page.getByRole("button", { name: "Remove Field notebook" }));
    await expect(page.getByText("Your cart is empty.", { exact: true })).toBeVisible();
    await submit(page.getByRole("button", { name: "Undo: put Field notebook back" }));
    await expectTotal(page, "€14.50");
  });

  test("is emptied at a click and restored at another", async ({ page, js }) => {
    await submit(page.getByRole("button", { name: "Empty the cart" }));
    await expect(page.getByText("Your cart is empty.", { exact: true })).toBeVisible();
    await expectCartItems(page, 0);
    const undo = page.getByRole("button", { name: "Undo: put everything back" });
    if (js) await expect(undo).toBeFocused();
    await submit(undo);
    await expectMessage(page, "Your cart has been restored.");
    await expectTotal(page, "€47.50");
    await expectCartItems(page, 3);
    await page.reload();
    await expectCartItems(page, 3);
    await expect(undo).toHaveCount(0);
  });

  test("links to the catalogue when it is empty", async ({ page }) => {
    await submit(page.getByRole("button", { name: "Empty the cart" }));
    await page.getByRole("link", { name: "Browse the catalogue" }).click();
    await expect(page).toHaveURL("/");
    await expect(page.getByRole("heading", { name: "Enamel mug" })).toBeVisible();
  });

  test("survives a reload", async ({ page }) => {
    await page.reload();
    await expectTotal(page, "€47.50");
    await expectCartItems(page, 3);
  });
});

test.describe("after the catalogue has changed", () => {
  test.use({ baseURL: sharedDatabaseServer });

  test("the cart shows that a price has changed, also after a change of the quantity", async ({ page }) => {
    const thing = await createProductInCart(page, 10);
    sql(`update products set price_cents = 1250 where id = ${thing.id}`);
    await open(page, "/cart");
    await expect(cartLine(page, thing.name)).toContainText("€12.50 each");
    await expect(cartLine(page, thing.name)).toContainText("The price was €10.00 when you added it.");
    await expectTotal(page, "€25.00");
    await submit(page.getByRole("button", { name: `One ${thing.name} more` }));
    await expectTotal(page, "€37.50");
    await expect(cartLine(page, thing.name)).toContainText("The price was €10.00 when you added it.");
  });

  test("the cart marks products that are low, out of stock or deleted, and still works", async ({ page, js }) => {
    const [low, out, gone] = [await createProductInCart(page, 10), await createProductInCart(page, 10), await createProductInCart(page, 10)];
    sql(`update products set stock = 1 where id = ${low.id}`);
    sql(`update products set stock = 0 where id = ${out.id}`);
    sql(`delete from products where id = ${gone.id}`);
    await open(page, "/cart");
    await expect(cartLine(page, low.name)).toContainText("Only 1 left. Please reduce the quantity.");
    await expect(cartLine(page, out.name)).toContainText("This product is sold out.");
    await expect(cartLine(page, gone.name)).toContainText("This product is no longer available. Please remove it.");
    await expectTotal(page, "€40.00");
    await expectCartItems(page, 6);
    if (js) await expectNoAxeViolations(page);
    for (const { name } of [out, gone]) {
      await submit(page.getByRole("button", { name: `Remove ${name}` }));
      await expect(cartLine(page, name)).toHaveCount(0);
    }
    // A product that is no longer sold cannot be restored.
    await expect(page.getByRole("button", { name: /^Undo/ })).toHaveCount(0);
    await submit(page.getByRole("button", { name: `One ${low.name} fewer` }));
    await expectTotal(page, "€10.00");
    await expectCartItems(page, 1);
    await expect(page.getByText(/left|sold/i)).toHaveCount(0);
  });

  test("the cart refuses a fifty-first product", async ({ page, allowConsole }) => {
    allowConsole(/status of (422 .*api\/cart\/add|404 .*images)/);
    for (let count = 0; count < 50; count += 1) await createProductInCart(page, 10);
    await open(page, "/products/4");
    await addToCart(page, "Enamel mug");
    await expect(errors(page)).toHaveText("You can have at most 50 different products in your cart.");
    await expectCartItems(page, 100);
  });
});

test("two tabs show the same cart and keep what is being typed", async ({ page, context, js }) => {
  await open(page, "/");
  await addToCart(page, "Enamel mug", 2);
  await addToCart(page, "Field notebook");
  const tab = await context.newPage();
  await open(tab, "/cart");
  await open(page, "/cart");
  if (js) await quantityField(cartLine(tab, "Field notebook")).fill("7");
  await submit(page.getByRole("button", { name: "One Enamel mug more" }));
  if (!js) await tab.reload();
  await expect(quantityField(cartLine(tab, "Enamel mug"))).toHaveValue("3");
  await expectCartItems(tab, 4);
  if (js) await expect(quantityField(cartLine(tab, "Field notebook"))).toHaveValue("7");
  for (const name of ["Enamel mug", "Field notebook"]) {
    await submit(tab.getByRole("button", { name: `Remove ${name}` }));
    await expect(cartLine(tab, name)).toHaveCount(0);
  }
  if (!js) await page.reload();
  await expect(page.getByText("Your cart is empty.", { exact: true })).toBeVisible();
  await expectCartItems(page, 0);
});

test("the cart survives signing in", async ({ page, account }) => {
  await open(page, "/");
  await addToCart(page, "Enamel mug", 2);
  await open(page, "/login");
  await signIn(page, account);
  await expectVisitor(page, account.name);
  await expectCartItems(page, 2);
  await page.reload();
  await expectVisitor(page, account.name);
  await expectCartItems(page, 2);
});

test("signing out leaves an empty cart, and signing in restores it", async ({ page, account }) => {
  await open(page, "/login");
  await signIn(page, account);
  await addToCart(page, "Enamel mug", 2);
  await expectCartItems(page, 2);
  await signOut(page);
  await expectMessage(page, "You have been signed out.");
  await expectVisitor(page, "Guest");
  await expectCartItems(page, 0);
  await page.reload();
  await expectVisitor(page, "Guest");
  await expectCartItems(page, 0);

  await addToCart(page, "Field notebook");
  await open(page, "/login");
  await signIn(page, account);
  await expectVisitor(page, account.name);
  await expectCartItems(page, 3);
});

test("two browsers with the same account have separate carts", async ({ page, browser, account }) => {
  await open(page, "/login");
  await signIn(page, account);
  await addToCart(page, "Enamel mug", 2);
  await expectCartItems(page, 2);

  const other = await browser.newContext();
  const elsewhere = await other.newPage();
  await open(elsewhere, "/login");
  await signIn(elsewhere, account);
  await expectCartItems(elsewhere, 0);
  await signOut(elsewhere);
  await expectVisitor(elsewhere, "Guest");
  await other.close();

  await page.reload();
  await expectVisitor(page, account.name);
  await expectCartItems(page, 2);
});

/** Types key by key, because `fill` refuses text that is invalid for the field. */
async function typeKeys(field: Locator, text: string) {
  await field.clear();
  await field.pressSequentially(text);
}
