// The browser shows private pages after a sign-out (ASVS 14.3.1, 14.3.2).

import type { Page } from "@playwright/test";

// <explorer>
import { setValue } from "../explorer";
// </explorer>
import { type Account, demo, expect, expectVisitor, open, signIn, signOut } from "../fixtures";
import { appOrigin, attackerHosts, openSignedIn, test as attackTest } from "./hostile";

/** Turns on the back/forward cache, which Playwright turns off. */
const test = attackTest.extend<object, { launchOptions: object }>({
  launchOptions: [
    async ({ launchOptions }, use) => use({ ...launchOptions, ignoreDefaultArgs: ["--disable-back-forward-cache"] }),
    { scope: "worker" },
  ],
});

const secret = "only-for-my-eyes";

// The tests do not close their tabs: Chromium silently keeps a tab that is closed during a reload.

for (const [what, leave] of Object.entries<(page: Page) => Promise<void>>({
  "signing out": signOut,
  "signing out in another tab": async (page) => {
    const tab = await page.context().newPage();
    await open(tab, "/");
    await signOut(tab);
  },
  // <explorer>
  "clearing the session in another tab": async (page) => {
    const tab = await page.context().newPage();
    await open(tab, "/session");
    await tab.getByRole("button", { name: "Clear the session" }).click();
    await expectVisitor(tab, "Guest");
  },
  // </explorer>
})) {
  // Security: 14.3.1
  test(`the Back button shows nothing private after ${what}`, async ({ page, account, js }) => {
    await readPrivatePages(page, account);
    await open(page, "/login");
    await leave(page);
    // Without JavaScript an open page cannot update itself.
    if (!js) await page.reload();
    await expectVisitor(page, "Guest");
    await expectNothingPrivate(page, account);
    for (let steps = 1; steps <= 3; steps += 1) {
      await goBack(page);
      await expectNothingPrivate(page, account);
    }
    await page.goForward(navigation).catch(ignoreMissedNavigation);
    await expectNothingPrivate(page, account);
  });

  // Security: 14.3.1
  test(`the Back button on another site shows nothing private after ${what}`, async ({ page, account, attackerSite }) => {
    await readPrivatePages(page, account);
    const elsewhere = await page.context().newPage();
    await page.goto(attackerSite.publish(attackerHosts["another site"], ""));
    await open(elsewhere, "/login");
    await leave(elsewhere);
    for (let steps = 1; steps <= 3; steps += 1) {
      await goBack(page);
      await expectNothingPrivate(page, account);
    }
  });
}

// Security: 14.3.1
test("the next user finds nothing of the previous one", async ({ page, account }) => {
  await readPrivatePages(page, account);
  await open(page, "/");
  await signOut(page);
  await open(page, "/login");
  await signIn(page, demo);
  await expectVisitor(page, demo.name);
  for (let steps = 1; steps <= 5; steps += 1) {
    await goBack(page);
    await expect(page.getByText(account.email)).toHaveCount(0);
    await expect(page.getByText(secret)).toHaveCount(0);
  }
});

// Security: 14.3.2
test("no private response may be stored", async ({ page, account }) => {
  const storable: string[] = [];
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    const cacheControl = response.headers()["cache-control"] ?? "";
    if (response.url().startsWith(appOrigin) && !pathname.startsWith("/pkg/") && !cacheControl.includes("no-store")) storable.push(pathname);
  });
  await readPrivatePages(page, account);
  expect(storable.filter((path) => !/\.(svg|png|ico|webp|jpg|css|txt|webmanifest)$/.test(path))).toEqual([]);
});

/** Opens pages that only this visitor may see, each as an entry of the history. */
async function readPrivatePages(page: Page, account: Account) {
  await openSignedIn(page, account);
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
  // <explorer>
  await open(page, "/session");
  await setValue(page, "secret", secret);
  // </explorer>
  await open(page, "/account");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue(account.name);
  // <explorer>
  await open(page, "/session");
  await expect(page.getByText(secret)).toBeVisible();
  // </explorer>
}

async function goBack(page: Page) {
  await page.goBack(navigation).catch(ignoreMissedNavigation);
}

/** Playwright may not notice the navigation to a cached page, so the tests wait for at most five seconds. */
const navigation = { waitUntil: "commit", timeout: 5_000 } as const;

function ignoreMissedNavigation(error: Error) {
  if (!/Timeout|interrupted|ERR_ABORTED/.test(error.message)) throw error;
}

async function expectNothingPrivate(page: Page, account: Account) {
  await expect(page.getByText(account.email)).toHaveCount(0);
  await expect(page.getByText(secret)).toHaveCount(0);
  await expect(page.getByText(account.name, { exact: true })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Sign out" })).toHaveCount(0);
}
