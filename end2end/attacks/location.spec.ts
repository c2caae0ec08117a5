// Paths that a browser reads as the address of another site in a link (ASVS 3.7.2).

import { expect, expectVisitor, open, signOut } from "../fixtures";
import { appOrigin, attackerHosts, type AttackerSite, openSignedIn, test } from "./hostile";

test.beforeEach(({ allowConsole }) => {
  allowConsole(/status of 404 .*evil/);
});

// Security: 3.7.2
test("a path that looks like another site's address returns 404", async ({ page, attackerSite }) => {
  const evil = attackerAddress(attackerSite);
  for (const path of [`//${evil}`, `//${evil}/login`, `///${evil}`, `/\\${evil}/login`, `/login//${evil}`, `/%2f${evil}`, `/%5C${evil}`]) {
    const response = await page.goto(appOrigin + path);
    expect(response?.status(), path).toBe(404);
    expect(new URL(page.url()).origin, path).toBe(appOrigin);
    await expect(page.getByRole("heading", { name: "Not found" })).toBeVisible();
    const urls = await page.locator("a[href]").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    expect(urls.filter((url) => new URL(url).origin !== appOrigin), path).toEqual([]);
  }
  expect(attackerSite.requests).toEqual([]);
});

// Security: 3.7.2
test("a page at such a path stays on this site after a sign-out in another tab", { tag: "@js" }, async ({
  page,
  account,
  attackerSite,
}) => {
  await openSignedIn(page, account);
  await open(page, "/login");
  await page.evaluate((path) => {
    history.pushState(null, "", location.origin + path);
    // The router reads the address, as after Back and Forward.
    dispatchEvent(new PopStateEvent("popstate"));
  }, `//${attackerAddress(attackerSite)}/login`);
  await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
  await expectVisitor(page, account.name);

  const tab = await page.context().newPage();
  await open(tab, "/");
  await signOut(tab);
  // The browser has reloaded the page, which shows no data of the user.
  await expect(page.getByRole("heading", { name: "Not found" })).toBeVisible();
  expect(new URL(page.url()).origin).toBe(appOrigin);
  expect(attackerSite.requests).toEqual([]);
});

function attackerAddress(attackerSite: AttackerSite) {
  return `${attackerHosts["another site"]}:${attackerSite.port}`;
}
