import type { Locator, Page } from "@playwright/test";

import {
  addToCart,
  errors,
  expect,
  expectCartItems,
  expectMessage,
  open,
  product,
  quantityIn,
  submit,
  test,
} from "./fixtures";

test.describe("filling the cart", () => {
  test.beforeEach(async ({ page }) => open(page, "/"));

  test("a product goes into the cart with its quantity", async ({ page }) => {
    await expectCartItems(page, 0);
    await addToCart(page, "Enamel mug", 3);
    await expectMessage(page, "Added to your cart.");
    await expectCartItems(page, 3);
    await addToCart(page, "Field notebook");
    await expectCartItems(page, 4);

    await open(page, "/cart");
    await expect(quantityIn(line(page, "Enamel mug"))).toHaveValue("3");
    await expect(quantityIn(line(page, "Field notebook"))).toHaveValue("1");
  });

  test("a product's own page has the form too", async ({ page }) => {
    await page.getByRole("link", { name: "Steel water bottle" }).click();
    await expect(page).toHaveURL("/products/8");
    await addToCart(page, "Steel water bottle", 2);
    await expect(page).toHaveURL("/products/8");
    await expectMessage(page, "Added to your cart.");
    await expectCartItems(page, 2);
  });

  test("the same product again makes the quantity larger", async ({ page }) => {
    await addToCart(page, "Enamel mug", 2);
    await expectCartItems(page, 2);
    await addToCart(page, "Enamel mug", 3);
    await expectCartItems(page, 5);
    await open(page, "/cart");
    await expect(quantityIn(line(page, "Enamel mug"))).toHaveValue("5");
  });

  test("more than 99 of one product are refused", async ({ page, allowConsole }) => {
    allowConsole(/status of 422 .*api\/cart\/add/);
    await addToCart(page, "Enamel mug", 60);
    await expectCartItems(page, 60);
    await addToCart(page, "Enamel mug", 40);
    await expect(quantityIn(product(page, "Enamel mug"))).toHaveAccessibleDescription(
      "That would be more than 99 of one kind.",
    );
    await expectCartItems(page, 60);
  });
});

test.describe("a wrong quantity", () => {
  const wrong = [
    { typed: "100", problem: "Please choose a number from 1 to 99." },
    { typed: "1.5", problem: "Please enter a whole number." },
    { typed: "-1", problem: "Please choose a number from 1 to 99." },
    { typed: "abc", problem: "Please enter a whole number." },
  ];

  test.beforeEach(async ({ page, allowConsole }) => {
    allowConsole(/status of 422 .*api\/cart\/(add|set)/);
    await open(page, "/");
    await addToCart(page, "Enamel mug", 3);
    await addToCart(page, "Field notebook", 2);
    await expectCartItems(page, 5);
  });

  test("is explained beside its product in the catalogue", async ({ page }) => {
    const mug = product(page, "Enamel mug");
    for (const { typed, problem } of wrong) {
      await type(quantityIn(mug), typed);
      await submit(mug.getByRole("button", { name: "Add to cart" }));
      await expect(quantityIn(mug)).toHaveAccessibleDescription(problem);
      await expect(quantityIn(mug)).toHaveValue(typed);
      await expect(errors(page)).toHaveCount(1);
      await expectCartItems(page, 5);
    }
  });

  test("is explained beside its line in the cart", async ({ page }) => {
    await open(page, "/cart");
    const mug = line(page, "Enamel mug");
    for (const { typed, problem } of wrong) {
      await type(quantityIn(mug), typed);
      await submit(mug.getByRole("button", { name: "Update" }));
      await expect(quantityIn(mug)).toHaveAccessibleDescription(problem);
      await expect(quantityIn(mug)).toHaveValue(typed);
      await expect(errors(page)).toHaveCount(1);
      await expect(mug).toContainText("€49.50");
      await expectCartItems(page, 5);
    }
  });

  test("is no longer complained of once it is right", async ({ page }) => {
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

  test("shows what each line and all of it costs", async ({ page }) => {
    await expect(line(page, "Enamel mug")).toContainText("€16.50 each");
    await expect(line(page, "Enamel mug")).toContainText("€33.00");
    await expect(line(page, "Field notebook")).toContainText("€14.50 each");
    await expectTotal(page, "€47.50");
  });

  test("can hold more of a product", async ({ page }) => {
    await quantityIn(line(page, "Enamel mug")).fill("4");
    await submit(page.getByRole("button", { name: "Update quantity of Enamel mug" }));
    await expectMessage(page, "Your cart is up to date.");
    await expect(quantityIn(line(page, "Enamel mug"))).toHaveValue("4");
    await expect(line(page, "Enamel mug")).toContainText("€66.00");
    await expectTotal(page, "€80.50");
    await expectCartItems(page, 5);
  });

  test("loses a product whose quantity is set to 0", async ({ page }) => {
    await quantityIn(line(page, "Enamel mug")).fill("0");
    await submit(page.getByRole("button", { name: "Update quantity of Enamel mug" }));
    await expect(line(page, "Enamel mug")).toHaveCount(0);
    await expectTotal(page, "€14.50");
    await expectCartItems(page, 1);
  });

  test("loses a product that is removed", async ({ page }) => {
    await submit(page.getByRole("button", { name: "Remove Field notebook" }));
    await expectMessage(page, "Removed from your cart.");
    await expect(line(page, "Field notebook")).toHaveCount(0);
    await expectTotal(page, "€33.00");
    await expectCartItems(page, 2);
  });

  test("can be emptied, and leads back to the catalogue", async ({ page }) => {
    await submit(page.getByRole("button", { name: "Empty the cart" }));
    await expectMessage(page, "Your cart is empty now.");
    await expect(page.getByText("Your cart is empty.", { exact: true })).toBeVisible();
    await expectCartItems(page, 0);
    await page.getByRole("link", { name: "Have a look at the catalogue" }).click();
    await expect(page).toHaveURL("/");
    await expect(page.getByRole("heading", { name: "Enamel mug" })).toBeVisible();
  });

  test("is there after a reload", async ({ page }) => {
    await page.reload();
    await expectTotal(page, "€47.50");
    await expectCartItems(page, 3);
  });
});

function line(page: Page, name: string) {
  return page.getByRole("listitem", { name });
}

async function expectTotal(page: Page, total: string) {
  await expect(page.getByText(`Total ${total}`, { exact: true })).toBeVisible();
}

/** Key by key, as a person would: `fill` refuses what does not suit the field. */
async function type(field: Locator, text: string) {
  await field.clear();
  await field.pressSequentially(text);
}
