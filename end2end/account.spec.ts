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
  signIn,
  signOut,
  submit,
  test,
} from "./fixtures";
import { changingServer, limitedServer, sql } from "./servers";

const better = "four-words-are-better";

test.describe("devices", () => {
  test("each one is listed, and any other one can be signed out", async ({ page, browser, account }) => {
    await enter(page, account);
    const elsewhere = await anotherBrowser(browser, account);
    await page.reload();
    await expect(devices(page)).toHaveCount(2);
    await expect(devices(page).filter({ hasText: "This device" })).toHaveCount(1);
    await expect(devices(page).first()).toContainText(/Chrome on (Linux|Android)/);
    await expect(devices(page).first()).toContainText("127.0.0.1");

    await submit(devices(page).getByRole("button", { name: /Sign out/ }));
    await expectMessage(page, "That device is signed out.");
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
    await expectMessage(page, "Everywhere else you are signed out.");
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
  await expect(page.getByLabel("Name", { exact: true })).toHaveAccessibleDescription("Please fill this in.");
  await page.getByLabel("Name", { exact: true }).fill("Countess");
  await submit(page.getByRole("button", { name: "Change name" }));
  await expectMessage(page, "Your name is changed.");
  await expectVisitor(page, "Countess");
});

test("a changed password ends all other sessions", async ({ page, browser, account, allowConsole }) => {
  allowConsole(/status of 422 .*api\/auth\/password/);
  await enter(page, account);
  const elsewhere = await anotherBrowser(browser, account);
  await changePassword(page, "wrong", better);
  await expect(page.getByLabel("Current password", { exact: true })).toHaveAccessibleDescription(
    "This is not the right password.",
  );
  await changePassword(page, account.password, "password1");
  await expect(errors(page)).toHaveText(/guessed first/);
  await changePassword(page, account.password, better);
  await expectMessage(page, "Your password is changed. Everywhere else you are signed out.");
  await expectVisitor(page, account.name);
  await elsewhere.reload();
  await expectVisitor(elsewhere, "Guest");
  await elsewhere.context().close();

  await signOut(page);
  await open(page, "/login");
  await signIn(page, { ...account, password: better });
  await expectVisitor(page, account.name);
});

test("a removed account is gone", async ({ page, account, allowConsole }) => {
  allowConsole(/status of 4(01|22) .*api\/auth\/(delete|login)/);
  await enter(page, account);
  await remove(page, "wrong");
  await expect(page.getByLabel("Password of the account")).toHaveAccessibleDescription(
    "This is not the right password.",
  );
  await remove(page, account.password);
  await expect(page).toHaveURL("/");
  await expectMessage(page, "Your account is removed, with all that belonged to it. Farewell!");
  await expectVisitor(page, "Guest");
  await open(page, "/login");
  await signIn(page, account);
  await expect(errors(page)).toHaveText(/do not belong together/);
});

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
  await expectMessage(elsewhere, "Everywhere else you are signed out.");
  await elsewhere.context().close();
  await page.getByRole("banner").getByRole("link", { name: account.name }).click();
  await expect(page).toHaveURL("/login?next=%2Faccount");
  await expectVisitor(page, "Guest");
});

test.describe("ten minutes after the password was typed", () => {
  test.use({ baseURL: changingServer });

  test("what matters most asks for it again, and then goes on", async ({ page, account, allowConsole, js }) => {
    allowConsole(/status of 4(03|22) .*api\/auth\/(password|confirm)/);
    await enter(page, account);
    // A page that has been loaded asks for nothing more: one that was navigated to asks who is there, and would learn it too early.
    await open(page, "/account");
    const mine = `owner = (select id from users where email = '${account.email}')`;
    sql(`update sessions set data = json_set(data, '$.sign_in.d.confirmed_at', 0), version = version + 1 where ${mine}`);
    await changePassword(page, account.password, better);
    const confirm = page.getByRole("region", { name: "Confirm it\u2019s you" });
    await expect(confirm).toBeVisible();
    await expect(page.getByRole("button", { name: "Change password" })).toBeHidden();
    if (js) {
      await expect(confirm.getByLabel("Password", { exact: true })).toBeFocused();
      await expectNoAxeViolations(page);
    }
    await confirm.getByLabel("Password", { exact: true }).fill("wrong");
    await submit(confirm.getByRole("button", { name: "Confirm" }));
    await expect(errors(page)).toHaveText("This is not the right password.");
    await confirm.getByLabel("Password", { exact: true }).fill(account.password);
    await submit(confirm.getByRole("button", { name: "Confirm" }));
    await expectMessage(page, "Thank you. For ten minutes you may change what matters most.");
    await expect(errors(page)).toHaveCount(0);
    // Only the hydrated page still has what was typed: a password is never kept for the next one.
    if (js) {
      await expect(page.getByLabel("New password", { exact: true })).toHaveValue(better);
      await submit(page.getByRole("button", { name: "Change password" }));
    } else {
      await changePassword(page, account.password, better);
    }
    await expectMessage(page, "Your password is changed. Everywhere else you are signed out.");
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
    await page.getByRole("button", { name: "Go on without signing in" }).click();
    await expect(page).toHaveURL("/login?next=%2Faccount");
  });

  test("leaves what was typed, for who signs in again", async ({ page, browser, account, allowConsole }) => {
    allowConsole(/status of 401 .*api\/auth\/name/);
    await enter(page, account);
    await page.getByLabel("Name", { exact: true }).fill("Countess of Lovelace");
    const elsewhere = await anotherBrowser(browser, account);
    await submit(elsewhere.getByRole("button", { name: "Sign out everywhere else" }));
    await expectMessage(elsewhere, "Everywhere else you are signed out.");
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
  await expectMessage(page, "Your session has ended. Sign in again to go on: what you typed is kept.");
  await signIn(page, account);
  await expect(page).toHaveURL("/account");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Countess of Lovelace");
});

test.describe("who guesses passwords", () => {
  test.use({ baseURL: limitedServer });

  test("is told how long to wait", async ({ page, allowConsole }) => {
    allowConsole(/status of 4(01|29) .*api\/auth\/login/);
    const email = `${randomUUID()}@example.com`;
    await open(page, "/login");
    for (let number = 0; number < 3; number += 1) {
      await signIn(page, { name: "", email, password: "guess" });
      await expect(errors(page)).toHaveText(/do not belong together/);
    }
    await signIn(page, { name: "", email, password: "guess" });
    await expect(errors(page)).toHaveText("Those were too many tries. Please wait 20 minutes before the next one.");
    await expect(page.getByLabel("E-mail")).toHaveValue(email);
  });
});

test("the account page has no accessibility violation", { tag: "@js" }, async ({ page, account }) => {
  await enter(page, account);
  await expectNoAxeViolations(page);
});

type Visitor = { user: unknown; session?: { unused: number } };

/** Changes what the server says when the page asks by itself. */
async function answerPeek(page: Page, change: (visitor: Visitor) => Visitor) {
  await page.route("**/api/visitor/peek", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: change(await response.json()) });
  });
}

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
  await page.getByLabel("Password of the account").fill(password);
  await submit(page.getByRole("button", { name: "Remove my account" }));
}
