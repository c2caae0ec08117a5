// What the browser has kept of private pages, after a sign-out (ASVS 14.3.1, 14.3.2).

import type { Page } from "@playwright/test";

import { setValue } from "../explorer";
import { type Account, demo, expect, expectVisitor, hydrated, open, signIn, signOut } from "../fixtures";
import { enter, hosts, site, test as attack } from "./hostile";

/** Pages that are left stay as they are in the browser's memory, as they do for everybody; Playwright's browsers do without. */
const test = attack.extend<object, { launchOptions: object }>({
  launchOptions: [
    async ({ launchOptions }, use) => use({ ...launchOptions, ignoreDefaultArgs: ["--disable-back-forward-cache"] }),
    { scope: "worker" },
  ],
});

const secret = "only-for-my-eyes";

// The tabs stay open to the end: Chromium does not close one that is just being loaded again, and says nothing.

for (const [what, leave] of Object.entries<(page: Page) => Promise<void>>({
  "signing out": signOut,
  "signing out in another tab": async (page) => {
    const tab = await page.context().newPage();
    await open(tab, "/");
    await signOut(tab);
  },
  "clearing the session elsewhere": async (page) => {
    const tab = await page.context().newPage();
    await open(tab, "/session");
    await tab.getByRole("button", { name: "Clear the session" }).click();
    await expectVisitor(tab, "Guest");
  },
})) {
  // Security: 14.3.1
  test(`Back shows nothing private after ${what}`, async ({ page, account, js }) => {
    await readPrivatePages(page, account);
    await open(page, "/visits");
    await leave(page);
    // A page that is open cannot learn of it without JavaScript.
    if (!js) await page.reload();
    await expectVisitor(page, "Guest");
    await expectNothingPrivate(page, account);
    for (let steps = 1; steps <= 3; steps += 1) {
      await back(page);
      await expectNothingPrivate(page, account);
    }
    await page.goForward(seen).catch(stayed);
    await expectNothingPrivate(page, account);
  });

  // Security: 14.3.1
  test(`Back from another site shows nothing private after ${what}`, async ({ page, account, hostile }) => {
    await readPrivatePages(page, account);
    const elsewhere = await page.context().newPage();
    await page.goto(hostile.publish(hosts["another site"], ""));
    await open(elsewhere, "/visits");
    await leave(elsewhere);
    for (let steps = 1; steps <= 3; steps += 1) {
      await back(page);
      await expectNothingPrivate(page, account);
    }
  });
}

// Security: 14.3.1
test("who signs in next finds nothing of the one before", async ({ page, account }) => {
  await readPrivatePages(page, account);
  await open(page, "/");
  await signOut(page);
  await open(page, "/login");
  await signIn(page, demo);
  await expectVisitor(page, demo.name);
  for (let steps = 1; steps <= 5; steps += 1) {
    await back(page);
    await expect(page.getByText(account.email)).toHaveCount(0);
    await expect(page.getByText(secret)).toHaveCount(0);
  }
});

// Security: 14.3.2
test("no private answer may be kept", async ({ page, account }) => {
  const answers: string[] = [];
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    const may = response.headers()["cache-control"] ?? "";
    if (response.url().startsWith(site) && !pathname.startsWith("/pkg/") && !may.includes("no-store")) answers.push(pathname);
  });
  await readPrivatePages(page, account);
  expect(answers.filter((path) => !/\.(svg|png|ico|webp|jpg|css|txt|webmanifest)$/.test(path))).toEqual([]);
});

/** Opens what only this visitor may see, each by an address of its own. */
async function readPrivatePages(page: Page, account: Account) {
  await enter(page, account);
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
  await open(page, "/session");
  await setValue(page, "secret", secret);
  await hydrated(page);
  await open(page, "/account");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue(account.name);
  await open(page, "/session");
  await expect(page.getByText(secret)).toBeVisible();
}

async function back(page: Page) {
  await page.goBack(seen).catch(stayed);
}

/** A page that the browser has kept in memory may be there without a navigation that Playwright sees: it is not waited for until the test's end. */
const seen = { waitUntil: "commit", timeout: 5_000 } as const;

function stayed(error: Error) {
  if (!/Timeout|interrupted|ERR_ABORTED/.test(error.message)) throw error;
}

async function expectNothingPrivate(page: Page, account: Account) {
  await expect(page.getByText(account.email)).toHaveCount(0);
  await expect(page.getByText(secret)).toHaveCount(0);
  await expect(page.getByText(account.name, { exact: true })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Sign out" })).toHaveCount(0);
}
