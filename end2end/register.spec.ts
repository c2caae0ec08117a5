import type { Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

import { errors, expect, expectMessage, expectVisitor, open, submit, test } from "./fixtures";

const password = "three-words-at-least";

test("a new user is welcomed and signed in", async ({ page }) => {
  await open(page, "/");
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Create an account" }).click();
  await expect(page).toHaveURL("/register");
  await register(page, { name: "Grace", email: `${randomUUID()}@example.com`, password });
  await expect(page).toHaveURL("/");
  await expectMessage(page, "Your account has been created. Welcome!");
  await expectVisitor(page, "Grace");
});

test("registering returns to the requested page", async ({ page }) => {
  await open(page, "/account");
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await page.getByRole("link", { name: "Create an account" }).click();
  await register(page, { name: "Grace", email: `${randomUUID()}@example.com`, password });
  await expect(page).toHaveURL("/account");
  await expect(page.getByRole("heading", { name: "Your devices" })).toBeVisible();
});

test("an invalid field shows an error beside it and keeps the input", async ({ page, account, allowConsole }) => {
  allowConsole(/status of 4(09|22) .*api\/auth\/register/);
  await open(page, "/register");
  const right = { name: "Grace", email: account.email.toUpperCase(), password };
  for (const { wrong, field, problem } of [
    { wrong: { name: "" }, field: "Name", problem: "Please fill in this field." },
    { wrong: { email: "grace" }, field: "E-mail", problem: "Please enter an e-mail address, such as ada@example.com." },
    { wrong: { password: "short" }, field: "Password", problem: "Please use at least 8 characters." },
    {
      wrong: { password: "Password1" },
      field: "Password",
      problem: "This password is very common. Please choose another one.",
    },
    {
      wrong: {},
      field: "E-mail",
      problem: "There is already an account with this e-mail. Please sign in instead, or use another address.",
    },
  ]) {
    const typed = { ...right, ...wrong };
    await register(page, typed);
    await expect(errors(page)).toHaveText(problem);
    await expect(page.getByLabel(field, { exact: true })).toHaveAccessibleDescription(new RegExp(escapeRegExp(problem)));
    await expect(page.getByLabel("Name")).toHaveValue(typed.name);
    await expect(page.getByLabel("E-mail")).toHaveValue(typed.email);
    await expectVisitor(page, "Guest");
  }
});

test("the strength meter says why a password is refused while the user types", { tag: "@js" }, async ({ page }) => {
  await open(page, "/register");
  await page.getByLabel("Name").fill("Grace Hopper");
  const field = page.getByLabel("Password", { exact: true });
  await expect(field).toHaveAccessibleDescription("At least 8 characters. A few words make a good password.");
  for (const { typed, words } of [
    { typed: "short", words: "Please use at least 8 characters." },
    { typed: "iloveyou1", words: "This password is very common. Please choose another one." },
    { typed: "hopper1906", words: "This password is too similar to your name, your e-mail or the name of this site. Please choose another one." },
    { typed: "satchel2026", words: "This password is too similar to your name, your e-mail or the name of this site. Please choose another one." },
    { typed: "a few words", words: "Good. A few more words would make it strong." },
    { typed: "a few words and some more", words: "Strong." },
  ]) {
    await field.fill(typed);
    await expect(field).toHaveAccessibleDescription(words);
  }
  await expect(errors(page)).toHaveCount(0);
});

// Security: 6.2.7
test("a password can be pasted and shown", { tag: "@js" }, async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, "/register");
  const field = page.getByLabel("Password", { exact: true });
  await expect(field).toHaveAttribute("autocomplete", "new-password");
  await page.evaluate((text) => navigator.clipboard.writeText(text), password);
  await field.press("ControlOrMeta+v");
  await expect(field).toHaveValue(password);
  await expect(field).toHaveAttribute("type", "password");
  await page.getByRole("button", { name: "Show password" }).click();
  await expect(field).toHaveAttribute("type", "text");
  await page.getByRole("button", { name: "Hide password" }).click();
  await expect(field).toHaveAttribute("type", "password");
});

test("without JavaScript there is no button to show the password", { tag: "@no-js" }, async ({ page }) => {
  await open(page, "/register");
  await expect(page.getByRole("button", { name: "Show password" })).toHaveCount(0);
});

async function register(page: Page, { name, email, password }: { name: string; email: string; password: string }) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await submit(page.getByRole("main").getByRole("button", { name: "Create account" }));
}

function escapeRegExp(text: string) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
