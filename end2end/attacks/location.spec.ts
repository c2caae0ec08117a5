// Addresses of the app that a browser reads as another site's when they are used as a link (ASVS 3.7.2).

import { expect, expectVisitor, open, signOut } from "../fixtures";
import { enter, type Hostile, hosts, site, test } from "./hostile";

test.beforeEach(({ allowConsole }) => {
  // The app has no page at such an address.
  allowConsole(/status of 404 .*evil/);
});

// Security: 3.7.2
test("the app has no page at an address that reads like another site's", async ({ page, hostile }) => {
  const evil = elsewhere(hostile);
  for (const path of [`//${evil}`, `//${evil}/login`, `///${evil}`, `/\\${evil}/login`, `/login//${evil}`, `/%2f${evil}`, `/%5C${evil}`]) {
    const answer = await page.goto(site + path);
    expect(answer?.status(), path).toBe(404);
    expect(new URL(page.url()).origin, path).toBe(site);
    await expect(page.getByRole("heading", { name: "Not found" })).toBeVisible();
    const ways = await page.locator("a[href]").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    expect(ways.filter((way) => new URL(way).origin !== site), path).toEqual([]);
  }
  expect(hostile.asked).toEqual([]);
});

// Security: 3.7.2
test("a sign-out in another tab leads a page at such an address to no other site", { tag: "@js" }, async ({
  page,
  account,
  hostile,
}) => {
  await enter(page, account);
  await open(page, "/visits");
  await page.evaluate((path) => {
    history.pushState(null, "", location.origin + path);
    // As after Back and Forward, the router reads the address.
    dispatchEvent(new PopStateEvent("popstate"));
  }, `//${elsewhere(hostile)}/login`);
  await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
  await expectVisitor(page, account.name);

  const tab = await page.context().newPage();
  await open(tab, "/");
  await signOut(tab);
  // Nothing of the user's page stays: the browser has loaded the address again.
  await expect(page.getByRole("heading", { name: "Not found" })).toBeVisible();
  expect(new URL(page.url()).origin).toBe(site);
  expect(hostile.asked).toEqual([]);
});

/** The host and port of the attacker's server. */
function elsewhere(hostile: Hostile) {
  return `${hosts["another site"]}:${hostile.port}`;
}
