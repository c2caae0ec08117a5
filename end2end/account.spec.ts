import type { Browser, Locator, Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

import {
  type Account,
  demo,
  errors,
  expect,
  expectMessage,
  expectNoAxeViolations,
  expectVisitor,
  open,
  overrideVisitor,
  sessionCookie,
  signIn,
  signOut,
  submit,
  test,
} from "./fixtures";
import { expireConfirmation, sharedDatabaseServer, signInLimitedServer } from "./servers";

const newPassword = "four-words-are-better";

test.describe("the list of devices", () => {
  // Security: 7.5.2
  test("shows each device and can sign out another one", async ({ page, browser, account }) => {
    await openAccountPage(page, account);
    const elsewhere = await openInOtherBrowser(browser, account);
    await page.reload();
    await expect(devices(page)).toHaveCount(2);
    await expect(devices(page).filter({ hasText: "This device" })).toHaveCount(1);
    await expect(devices(page).first()).toContainText(/Chrome on (Linux|Android)/);
    await expect(devices(page).first()).toContainText("127.0.0.1");

    await submit(devices(page).getByRole("button", { name: /Sign out/ }));
    await expectMessage(page, "The device has been signed out.");
    await expect(devices(page)).toHaveCount(1);
    await expectVisitor(page, account.name);

    // The other browser notices at its next request.
    await elsewhere.reload();
    await expect(elsewhere).toHaveURL("/login?next=%2Faccount");
    await expectVisitor(elsewhere, "Guest");
    await elsewhere.context().close();
  });

  test("can sign out all other devices at once", async ({ page, browser, account }) => {
    await openAccountPage(page, account);
    const others = [await openInOtherBrowser(browser, account), await openInOtherBrowser(browser, account)];
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

test("a changed name appears in the header at once", async ({ page, account, allowConsole }) => {
  allowConsole(/status of 422 .*api\/auth\/name/);
  await openAccountPage(page, account);
  await page.getByLabel("Name", { exact: true }).fill("");
  await submit(page.getByRole("button", { name: "Change name" }));
  await expect(page.getByLabel("Name", { exact: true })).toHaveAccessibleDescription("Please fill in this field.");
  await page.getByLabel("Name", { exact: true }).fill("Countess");
  await submit(page.getByRole("button", { name: "Change name" }));
  await expectMessage(page, "Your name has been changed.");
  await expectVisitor(page, "Countess");
});

// Security: 7.4.3
test("changing the password ends all other sessions", async ({ page, browser, account, allowConsole }) => {
  allowConsole(/status of 422 .*api\/auth\/password/);
  await openAccountPage(page, account);
  const elsewhere = await openInOtherBrowser(browser, account);
  await changePassword(page, "wrong", newPassword);
  await expect(page.getByLabel("Current password", { exact: true })).toHaveAccessibleDescription(
    "This password is wrong.",
  );
  await changePassword(page, account.password, "password1");
  await expect(errors(page)).toHaveText("This password is very common. Please choose another one.");
  await changePassword(page, account.password, newPassword);
  await expectMessage(page, "Your password has been changed. You have been signed out everywhere else.");
  await expectVisitor(page, account.name);
  await elsewhere.reload();
  await expectVisitor(elsewhere, "Guest");
  await elsewhere.context().close();

  await signOut(page);
  await open(page, "/login");
  await signIn(page, { ...account, password: newPassword });
  await expectVisitor(page, account.name);
});

// Security: 7.4.2
test("a deleted account can no longer sign in", async ({ page, account, allowConsole }) => {
  allowConsole(/status of 4(01|22) .*api\/auth\/(delete|login)/);
  await openAccountPage(page, account);
  await deleteAccount(page, "wrong");
  await expect(page.getByLabel("Password of your account")).toHaveAccessibleDescription(
    "This password is wrong.",
  );
  await deleteAccount(page, account.password);
  await expect(page).toHaveURL("/");
  await expectMessage(page, "Your account has been deleted.");
  await expectVisitor(page, "Guest");
  await open(page, "/login");
  await signIn(page, account);
  await expect(errors(page)).toHaveText(/Wrong e-mail or password/);
});

// Security: 14.3.1
test("the Back button does not reopen a private page after signing out", async ({ page, account }) => {
  await openAccountPage(page, account);
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
  await signOut(page);
  await expect(page).toHaveURL("/");
  await page.goBack();
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await expect(page.getByText(account.email)).toHaveCount(0);
});

test.describe("other tabs", { tag: "@js" }, () => {
  test("show a sign-out at once and leave private pages", async ({ page, context, account }) => {
    await openAccountPage(page, account);
    const [tab, onAccount] = [await context.newPage(), await context.newPage()];
    await open(tab, "/");
    await open(onAccount, "/account");
    await expectVisitor(tab, account.name);
    await signOut(page);
    await expectVisitor(tab, "Guest");
    await expect(onAccount).toHaveURL("/login?next=%2Faccount");
  });

  test("show no data of one user to the next", async ({ page, context, account }) => {
    await openAccountPage(page, account);
    const tab = await context.newPage();
    await open(tab, "/login");
    await signIn(tab);
    await expectVisitor(page, demo.name);
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(demo.name);
    await expect(page.getByText(account.email)).toHaveCount(0);
  });

  test("show a sign-in at once", async ({ page, context, account }) => {
    await open(page, "/login");
    const tab = await context.newPage();
    await open(tab, "/");
    await signIn(page, account);
    await expectVisitor(tab, account.name);
  });
});

test("a revoked device is signed out at its next navigation", { tag: "@js" }, async ({
  page,
  browser,
  account,
  allowConsole,
}) => {
  allowConsole(/status of 401 .*api\/auth\/devices/);
  await open(page, "/login");
  await signIn(page, account);
  await expectVisitor(page, account.name);
  const elsewhere = await openInOtherBrowser(browser, account);
  await submit(elsewhere.getByRole("button", { name: "Sign out everywhere else" }));
  await expectMessage(elsewhere, "You have been signed out everywhere else.");
  await elsewhere.context().close();
  await page.getByRole("banner").getByRole("link", { name: account.name }).click();
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await expectVisitor(page, "Guest");
});

test.describe("ten minutes after the password was entered", () => {
  test.use({ baseURL: sharedDatabaseServer });

  // Security: 7.5.1
  test("a sensitive change asks for it again and then succeeds", async ({ page, account, allowConsole, js }) => {
    allowConsole(/status of 4(03|22) .*api\/auth\/(password|confirm)/);
    await openAccountPage(page, account);
    // Loads the page: after a client-side navigation it would fetch the visitor, and ask for the password too early.
    await open(page, "/account");
    expireConfirmation(account);
    await changePassword(page, account.password, newPassword);
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
    // Only the hydrated page still has the input: the server never keeps a password for the next page.
    if (js) {
      await expect(page.getByLabel("New password", { exact: true })).toHaveValue(newPassword);
      await submit(page.getByRole("button", { name: "Change password" }));
    } else {
      await changePassword(page, account.password, newPassword);
    }
    await expectMessage(page, "Your password has been changed. You have been signed out everywhere else.");
    await expect(page.getByLabel("New password", { exact: true })).toHaveValue("");
  });
});

test("a user who chooses to be remembered gets a cookie for 31 days", async ({ page, account }) => {
  await open(page, "/login");
  await page.getByLabel("Remember me on this device").check();
  await signIn(page, account);
  await expectVisitor(page, account.name);
  const cookie = await sessionCookie(page);
  const days = (cookie!.expires - Date.now() / 1_000) / (24 * 3_600);
  expect(days).toBeGreaterThan(30.9);
  expect(days).toBeLessThan(31.1);
});

test.describe("a session that is about to end", { tag: "@js" }, () => {
  // Security: a warning before the end
  test("shows a warning a minute before, and can be extended", async ({ page, account }) => {
    await page.clock.install();
    await openAccountPage(page, account);
    const stay = page.getByRole("button", { name: "Stay signed in" });
    await page.clock.fastForward("28:00");
    await expect(stay).toHaveCount(0);
    // Only the browser's clock is changed, so the server's response is changed to match.
    await overrideVisitor(page, (visitor) => ({ ...visitor, session: { ...visitor.session, unused: 55 } }));
    await page.clock.fastForward("01:05");
    await expect(page.getByRole("alert").getByText("You will be signed out in a minute.")).toBeVisible();
    await expectNoAxeViolations(page);
    await stay.click();
    await expect(stay).toHaveCount(0);
    await expectVisitor(page, account.name);
  });

  test("shows no warning while another tab uses it", async ({ page, account }) => {
    await page.clock.install();
    await openAccountPage(page, account);
    const response = page.waitForResponse("**/api/visitor/peek");
    await page.clock.fastForward("29:05");
    await response;
    await page.clock.runFor(1_000);
    await expect(page.getByRole("button", { name: "Stay signed in" })).toHaveCount(0);
  });

  test("says when it has ended, and lets the visitor continue without signing in", async ({ page, account }) => {
    await page.clock.install();
    await openAccountPage(page, account);
    await overrideVisitor(page, (visitor) => ({ ...visitor, user: null, session: undefined }));
    await page.clock.fastForward("29:05");
    await expect(page.getByRole("heading", { name: "Your session has ended" })).toBeVisible();
    await page.getByRole("button", { name: "Continue without signing in" }).click();
    await expect(page).toHaveURL("/login?next=%2Faccount");
  });

  // Security: what was typed survives
  test("keeps the input for a user who signs in again", async ({ page, browser, account, allowConsole }) => {
    allowConsole(/status of 401 .*api\/auth\/name/);
    await openAccountPage(page, account);
    await page.getByLabel("Name", { exact: true }).fill("Countess of Lovelace");
    const elsewhere = await openInOtherBrowser(browser, account);
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
test("the input of a plain form is restored after signing in again", { tag: "@no-js" }, async ({
  page,
  browser,
  account,
}) => {
  await openAccountPage(page, account);
  await page.getByLabel("Name", { exact: true }).fill("Countess of Lovelace");
  const elsewhere = await openInOtherBrowser(browser, account);
  await submit(elsewhere.getByRole("button", { name: "Sign out everywhere else" }));
  await elsewhere.context().close();
  await submit(page.getByRole("button", { name: "Change name" }));
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await expectMessage(page, "Your session has ended. Please sign in again to continue. What you typed has been saved.");
  await signIn(page, account);
  await expect(page).toHaveURL("/account");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Countess of Lovelace");
});

test.describe("after too many wrong passwords", () => {
  test.use({ baseURL: signInLimitedServer });

  // Security: 6.3.1
  test("sees how long to wait", async ({ page, allowConsole }) => {
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

test("the account page has no accessibility violations", { tag: "@js" }, async ({ page, account }) => {
  await openAccountPage(page, account);
  await expectNoAxeViolations(page);
});

/** Opens the account page and signs in on the way. */
async function openAccountPage(page: Page, account: Account) {
  await open(page, "/account");
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await signIn(page, account);
  await expect(page).toHaveURL("/account");
  await expectVisitor(page, account.name);
}

/** Opens the account page in a new browser context. */
async function openInOtherBrowser(browser: Browser, account: Account) {
  const page = await (await browser.newContext()).newPage();
  await openAccountPage(page, account);
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

async function deleteAccount(page: Page, password: string) {
  await page.getByLabel("Password of your account").fill(password);
  await submit(page.getByRole("button", { name: "Delete my account" }));
}
