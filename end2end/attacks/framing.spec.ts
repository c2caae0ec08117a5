// Another site frames the app or opens it in a window (ASVS 3.4.6, 3.4.8).

import { expect, waitForHydration } from "../fixtures";
import { appOrigin, attackerHosts, openSignedIn, test } from "./hostile";

const addresses = ["/", "/login", "/register", "/account", "/nothing-here", "/api/visitor/show", "/healthz"];

for (const [who, name] of Object.entries(attackerHosts)) {
  test.describe(`a page on ${who}`, () => {
    // Security: 3.4.6
    test("cannot frame the app", async ({ page, attackerSite, account, allowConsole }) => {
      allowConsole(/frame-ancestors|X-Frame-Options|net::ERR_BLOCKED|status of 4\d\d|chrome-error:/);
      await openSignedIn(page, account);
      const tags = addresses.flatMap((path) => [
        `<iframe src="${appOrigin}${path}?iframe"></iframe>`,
        `<object data="${appOrigin}${path}?object"></object>`,
        `<embed src="${appOrigin}${path}?embed">`,
      ]);
      const finished = new Set<string>();
      page.on("requestfinished", (request) => finished.add(request.url()));
      page.on("requestfailed", (request) => finished.add(request.url()));
      await page.goto(attackerSite.publish(name, tags.join("")));
      await expect.poll(() => addresses.filter((path) => !finished.has(`${appOrigin}${path}?iframe`))).toEqual([]);
      const shown = page.frames().filter((frame) => frame !== page.mainFrame());
      expect(shown.length).toBeGreaterThanOrEqual(addresses.length);
      expect(shown.map((frame) => frame.url()).filter((url) => url.startsWith(appOrigin))).toEqual([]);
    });

    // Security: 3.4.8
    test("cannot control the app in a window that it opened", { tag: "@js" }, async ({ page, attackerSite, account }) => {
      await openSignedIn(page, account);
      await page.goto(attackerSite.publish(name, `<button onclick="app = window.open('${appOrigin}/account')">Win a prize</button>`));
      const opened = page.waitForEvent("popup");
      await page.getByRole("button").click();
      const popup = await opened;
      await waitForHydration(popup);
      await expect(popup).toHaveURL(`${appOrigin}/account`);
      expect(await popup.evaluate(() => window.opener)).toBeNull();
      // The attacker sees a closed window: it can neither count its frames nor navigate it.
      expect(await page.evaluate("app.closed")).toBe(true);
      await page.evaluate((url) => (window as unknown as { app: Window }).app.location.replace(url), attackerSite.origin(name));
      await popup.reload();
      await expect(popup).toHaveURL(`${appOrigin}/account`);
    });
  });
}
