// The app inside of somebody else's page, or opened by one (ASVS 3.4.6, 3.4.8).

import { expect, hydrated } from "../fixtures";
import { enter, hosts, site, test } from "./hostile";

const addresses = ["/", "/login", "/register", "/account", "/session", "/nothing-here", "/api/visitor/show", "/healthz"];

for (const [who, name] of Object.entries(hosts)) {
  test.describe(`a page of ${who}`, () => {
    // Security: 3.4.6
    test("cannot frame the app", async ({ page, hostile, account, allowConsole }) => {
      allowConsole(/frame-ancestors|X-Frame-Options|net::ERR_BLOCKED|status of 4\d\d|chrome-error:/);
      await enter(page, account);
      const tags = addresses.flatMap((path) => [
        `<iframe src="${site}${path}?iframe"></iframe>`,
        `<object data="${site}${path}?object"></object>`,
        `<embed src="${site}${path}?embed">`,
      ]);
      const answered = new Set<string>();
      page.on("requestfinished", (request) => answered.add(request.url()));
      page.on("requestfailed", (request) => answered.add(request.url()));
      await page.goto(hostile.publish(name, tags.join("")));
      await expect.poll(() => addresses.filter((path) => !answered.has(`${site}${path}?iframe`))).toEqual([]);
      const shown = page.frames().filter((frame) => frame !== page.mainFrame());
      expect(shown.length).toBeGreaterThanOrEqual(addresses.length);
      expect(shown.map((frame) => frame.url()).filter((url) => url.startsWith(site))).toEqual([]);
    });

    // Security: 3.4.8
    test("has no hold of the app in a window that it has opened", { tag: "@js" }, async ({ page, hostile, account }) => {
      await enter(page, account);
      await page.goto(hostile.publish(name, `<button onclick="app = window.open('${site}/account')">Win a prize</button>`));
      const opened = page.waitForEvent("popup");
      await page.getByRole("button").click();
      const popup = await opened;
      await hydrated(popup);
      await expect(popup).toHaveURL(`${site}/account`);
      expect(await popup.evaluate(() => window.opener)).toBeNull();
      // For the attacker the window is gone: it can neither count its frames nor send it elsewhere.
      expect(await page.evaluate("app.closed")).toBe(true);
      await page.evaluate((url) => (window as unknown as { app: Window }).app.location.replace(url), hostile.origin(name));
      await popup.reload();
      await expect(popup).toHaveURL(`${site}/account`);
    });
  });
}
