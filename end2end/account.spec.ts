import type { Browser, Locator, Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

import {
  type Account,
  answerPeek,
  demo,
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
import { changingServer, limitedServer, sql } from "./servers";

const better = "four-words-are-better";

test.describe("devices", () => {
  // Security: 7.5.2
  test("each one is listed, and any other one can be signed out", async ({ page, browser, account }) => {
    await enter(page, account);
    const elsewhere = await anotherBrowser(browser, account);
    await page.reload();
    await expect(devices(page)).toHaveCount(2);
    await expect(devices(page).filter({ hasText: "This device" })).toHaveCount(1);
    await expect(devices(page).first()).toContainText(/Chrome on (Linux|Android)/);
    await expect(devices(page).first()).toContainText("127.0.0.1");

    await submit(devices(page).getByRole("button", { name: /Sign out/ }));
    await expectMessage(page, "The device has been signed out.");
    await expect(devices(page)).toHaveCount(1);
    await expectVisitor(page, account.name);

    // At its next request, whatever that is.
    await elsewhere.reload();
    await expect(elsewhere).toHaveURL("/login?next=%2Faccount");
    await expectVisitor(elsewhere, "Guest");
    await elsewhere.context().close();
  });

  test("all others can be signed out at once", async ({ page, browser, account }) => {
    await enter(page, account);
    const others = [await anotherBrowser(browser, account), await anotherBrowser(browser, account)];
    await page.reload();
    await expect(devices(page)).toHaveCount(3);
    await submit(page.getByRole("button", { name: "Sign out everywhere else" }));
    await expectMessage(page, "You have been signed out everywhere else.");
    await expect(devices(page)).toHaveCount(1);
    await expect(page.getByRole("button", { name: "Sign out everywhere else" })).toHaveCount(0);
    for (const other of others) {
      await other.reload();
      await expectVisitor(other, "Guest");
      await other.context().close();
    }
  });
});

test("a changed name is in the header at once", async ({ page, account, allowConsole }) => {
  allowConsole(/status of 422 .*api\/auth\/name/);
  await enter(page, account);
  await page.getByLabel("Name", { exact: true }).fill("");
  await submit(page.getByRole("button", { name: "Change name" }));
  await expect(page.getByLabel("Name", { exact: true })).toHaveAccessibleDescription("Please fill in this field.");
  await page.getByLabel("Name", { exact: true }).fill("Countess");
  await submit(page.getByRole("button", { name: "Change name" }));
  await expectMessage(page, "Your name has been changed.");
  await expectVisitor(page, "Countess");
});

// Security: 7.4.3
test("a changed password ends all other sessions", async ({ page, browser, account, allowConsole }) => {
  allowConsole(/status of 422 .*api\/auth\/password/);
  await enter(page, account);
  const elsewhere = await anotherBrowser(browser, account);
  await changePassword(page, "wrong", better);
  await expect(page.getByLabel("Current password", { exact: true })).toHaveAccessibleDescription(
    "This password is wrong.",
  );
  await changePassword(page, account.password, "password1");
  await expect(errors(page)).toHaveText("This password is very common. Please choose another one.");
  await changePassword(page, account.password, better);
  await expectMessage(page, "Your password has been changed. You have been signed out everywhere else.");
  await expectVisitor(page, account.name);
  await elsewhere.reload();
  await expectVisitor(elsewhere, "Guest");
  await elsewhere.context().close();

  await signOut(page);
  await open(page, "/login");
  await signIn(page, { ...account, password: better });
  await expectVisitor(page, account.name);
});

// Security: 7.4.2
test("a removed account is gone", async ({ page, account, allowConsole }) => {
  allowConsole(/status of 4(01|22) .*api\/auth\/(delete|login)/);
  await enter(page, account);
  await remove(page, "wrong");
  await expect(page.getByLabel("Password of your account")).toHaveAccessibleDescription(
    "This password is wrong.",
  );
  await remove(page, account.password);
  await expect(page).toHaveURL("/");
  await expectMessage(page, "Your account has been deleted.");
  await expectVisitor(page, "Guest");
  await open(page, "/login");
  await signIn(page, account);
  await expect(errors(page)).toHaveText(/Wrong e-mail or password/);
});

// Security: 14.3.1
test("after a sign-out Back shows nothing private", async ({ page, account }) => {
  await enter(page, account);
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
  await signOut(page);
  await expect(page).toHaveURL("/");
  await page.goBack();
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await expect(page.getByText(account.email)).toHaveCount(0);
});

test.describe("other tabs of the browser", { tag: "@js" }, () => {
  test("show a sign-out at once, and leave private pages", async ({ page, context, account }) => {
    await enter(page, account);
    const [tab, onAccount] = [await context.newPage(), await context.newPage()];
    await open(tab, "/visits");
    await open(onAccount, "/account");
    await expectVisitor(tab, account.name);
    await signOut(page);
    await expectVisitor(tab, "Guest");
    await expect(onAccount).toHaveURL("/login?next=%2Faccount");
  });

  test("show nothing of one user to the next", async ({ page, context, account }) => {
    await enter(page, account);
    const tab = await context.newPage();
    await open(tab, "/login");
    await signIn(tab);
    await expectVisitor(page, demo.name);
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(demo.name);
    await expect(page.getByText(account.email)).toHaveCount(0);
  });

  test("show a sign-in", async ({ page, context, account }) => {
    await open(page, "/login");
    const tab = await context.newPage();
    await open(tab, "/visits");
    await signIn(page, account);
    await expectVisitor(tab, account.name);
  });

});

test("a revoked device is signed out on its next way to another page", { tag: "@js" }, async ({
  page,
  browser,
  account,
  allowConsole,
}) => {
  allowConsole(/status of 401 .*api\/auth\/devices/);
  await open(page, "/login");
  await signIn(page, account);
  await expectVisitor(page, account.name);
  const elsewhere = await anotherBrowser(browser, account);
  await submit(elsewhere.getByRole("button", { name: "Sign out everywhere else" }));
  await expectMessage(elsewhere, "You have been signed out everywhere else.");
  await elsewhere.context().close();
  await page.getByRole("banner").getByRole("link", { name: account.name }).click();
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await expectVisitor(page, "Guest");
});

test.describe("ten minutes after the password was typed", () => {
  test.use({ baseURL: changingServer });

  // Security: 7.5.1
  test("what matters most asks for it again, and then goes on", async ({ page, account, allowConsole, js }) => {
    allowConsole(/status of 4(03|22) .*api\/auth\/(password|confirm)/);
    await enter(page, account);
    // A page that has been loaded asks for nothing more: one that was navigated to asks who is there, and would learn it too early.
    await open(page, "/account");
    const mine = `owner = (select id from users where email = '${account.email}')`;
    sql(`update sessions set data = json_set(data, '$.sign_in.d.confirmed_at', 0), version = version + 1 where ${mine}`);
    await changePassword(page, account.password, better);
    const confirm = page.getByRole("region", { name: "Confirm your password" });
    await expect(confirm).toBeVisible();
    await expect(page.getByRole("button", { name: "Change password" })).toBeHidden();
    if (js) {
      await expect(confirm.getByLabel("Password", { exact: true })).toBeFocused();
      await expectNoAxeViolations(page);
    }
    await confirm.getByLabel("Password", { exact: true }).fill("wrong");
    await submit(confirm.getByRole("button", { name: "Confirm" }));
    await expect(errors(page)).toHaveText("This password is wrong.");
    await confirm.getByLabel("Password", { exact: true }).fill(account.password);
    await submit(confirm.getByRole("button", { name: "Confirm" }));
    await expectMessage(page, "Password confirmed. For ten minutes you can change your password and delete your account.");
    await expect(errors(page)).toHaveCount(0);
    // Only the hydrated page still has what was typed: a password is never kept for the next one.
    if (js) {
      await expect(page.getByLabel("New password", { exact: true })).toHaveValue(better);
      await submit(page.getByRole("button", { name: "Change password" }));
    } else {
      await changePassword(page, account.password, better);
    }
    await expectMessage(page, "Your password has been changed. You have been signed out everywhere else.");
    await expect(page.getByLabel("New password", { exact: true })).toHaveValue("");
  });
});

test("who wants to be remembered has a cookie for a month", async ({ page, account }) => {
  await open(page, "/login");
  await page.getByLabel("Remember me on this device").check();
  await signIn(page, account);
  await expectVisitor(page, account.name);
  const cookie = (await page.context().cookies()).find(({ name }) => name === "id");
  const days = (cookie!.expires - Date.now() / 1_000) / (24 * 3_600);
  expect(days).toBeGreaterThan(30.9);
  expect(days).toBeLessThan(31.1);
});

test.describe("the end of a session", { tag: "@js" }, () => {
  // Security: a warning before the end
  test("is said a minute before, and can be put off", async ({ page, account }) => {
    await page.clock.install();
    await enter(page, account);
    const stay = page.getByRole("button", { name: "Stay signed in" });
    await page.clock.fastForward("28:00");
    await expect(stay).toHaveCount(0);
    // The browser's clock is turned, the server's is not: it is made to agree.
    await answerPeek(page, (visitor) => ({ ...visitor, session: { ...visitor.session, unused: 55 } }));
    await page.clock.fastForward("01:05");
    await expect(page.getByRole("alert").getByText("You will be signed out in a minute.")).toBeVisible();
    await expectNoAxeViolations(page);
    await stay.click();
    await expect(stay).toHaveCount(0);
    await expectVisitor(page, account.name);
  });

  test("is not said while another tab uses the session", async ({ page, account }) => {
    await page.clock.install();
    await enter(page, account);
    const asked = page.waitForResponse("**/api/visitor/peek");
    await page.clock.fastForward("29:05");
    await asked;
    await page.clock.runFor(1_000);
    await expect(page.getByRole("button", { name: "Stay signed in" })).toHaveCount(0);
  });

  test("is said when it has come, and one may go on without signing in", async ({ page, account }) => {
    await page.clock.install();
    await enter(page, account);
    await answerPeek(page, (visitor) => ({ ...visitor, user: null, session: undefined }));
    await page.clock.fastForward("29:05");
    await expect(page.getByRole("heading", { name: "Your session has ended" })).toBeVisible();
    await page.getByRole("button", { name: "Continue without signing in" }).click();
    await expect(page).toHaveURL("/login?next=%2Faccount");
  });

  // Security: what was typed survives
  test("leaves what was typed, for who signs in again", async ({ page, browser, account, allowConsole }) => {
    allowConsole(/status of 401 .*api\/auth\/name/);
    await enter(page, account);
    await page.getByLabel("Name", { exact: true }).fill("Countess of Lovelace");
    const elsewhere = await anotherBrowser(browser, account);
    await submit(elsewhere.getByRole("button", { name: "Sign out everywhere else" }));
    await expectMessage(elsewhere, "You have been signed out everywhere else.");
    await elsewhere.context().close();

    await submit(page.getByRole("button", { name: "Change name" }));
    await expect(page.getByRole("heading", { name: "Your session has ended" })).toBeFocused();
    await expectVisitor(page, "Guest");
    await expect(page.getByRole("heading", { name: "Your devices" })).toBeHidden();
    await expectNoAxeViolations(page);
    await signIn(page, account);
    await expectVisitor(page, account.name);
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Countess of Lovelace");
    await submit(page.getByRole("button", { name: "Change name" }));
    await expectVisitor(page, "Countess of Lovelace");
  });
});

// Security: what was typed survives
test("what a plain form held when the session ended is there after signing in", { tag: "@no-js" }, async ({
  page,
  browser,
  account,
}) => {
  await enter(page, account);
  await page.getByLabel("Name", { exact: true }).fill("Countess of Lovelace");
  const elsewhere = await anotherBrowser(browser, account);
  await submit(elsewhere.getByRole("button", { name: "Sign out everywhere else" }));
  await elsewhere.context().close();
  await submit(page.getByRole("button", { name: "Change name" }));
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await expectMessage(page, "Your session has ended. Please sign in again to continue. What you typed has been saved.");
  await signIn(page, account);
  await expect(page).toHaveURL("/account");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Countess of Lovelace");
});

test.describe("who guesses passwords", () => {
  test.use({ baseURL: limitedServer });

  // Security: 6.3.1
  test("is told how long to wait", async ({ page, allowConsole }) => {
    allowConsole(/status of 4(01|29) .*api\/auth\/login/);
    const email = `${randomUUID()}@example.com`;
    await open(page, "/login");
    for (let number = 0; number < 3; number += 1) {
      await signIn(page, { name: "", email, password: "guess" });
      await expect(errors(page)).toHaveText(/Wrong e-mail or password/);
    }
    await signIn(page, { name: "", email, password: "guess" });
    await expect(errors(page)).toHaveText("Too many attempts. Please try again in 20 minutes.");
    await expect(page.getByLabel("E-mail")).toHaveValue(email);
  });
});

test("the account page has no accessibility violation", { tag: "@js" }, async ({ page, account }) => {
  await enter(page, account);
  await expectNoAxeViolations(page);
});

/** Signs in on the way to the account page. */
async function enter(page: Page, account: Account) {
  await open(page, "/account");
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await signIn(page, account);
  await expect(page).toHaveURL("/account");
  await expectVisitor(page, account.name);
}

/** The account page in a browser of its own. */
async function anotherBrowser(browser: Browser, account: Account) {
  const page = await (await browser.newContext()).newPage();
  await enter(page, account);
  return page;
}

function devices(page: Page): Locator {
  return page.getByRole("region", { name: "Your devices" }).getByRole("listitem");
}

async function changePassword(page: Page, current: string, changed: string) {
  await page.getByLabel("Current password", { exact: true }).fill(current);
  await page.getByLabel("New password", { exact: true }).fill(changed);
  await submit(page.getByRole("button", { name: "Change password" }));
}

async function remove(page: Page, password: string) {
  await page.getByLabel("Password of your account").fill(password);
  await submit(page.getByRole("button", { name: "Delete my account" }));
}
