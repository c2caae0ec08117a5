// Session fixation: the attacker sets a known session id in the victim's browser before the victim signs in (ASVS 7.2.4).

import type { Page } from "@playwright/test";
import { createHmac, randomBytes, randomUUID } from "node:crypto";

import { type Account, beginSession, demo, expect, expectVisitor, open, signIn, submit } from "../fixtures";
import {
  appHost,
  appOrigin,
  type AttackerSite,
  callApi,
  cookieHeader,
  openOtherBrowser,
  openSignedIn,
  sessionCookie,
  test,
  withServers,
} from "./hostile";

const waysToSignIn: Record<string, (page: Page, account: Account) => Promise<void>> = {
  "signing in": (page, account) => openSignedIn(page, account),
  "signing in again": async (page, account) => {
    await openSignedIn(page, account);
    await open(page, "/login");
    await signIn(page, account);
    await expect(page).toHaveURL(`${appOrigin}/`);
  },
  registering: async (page, account) => {
    await open(page, "/register");
    await page.getByLabel("Name", { exact: true }).fill(account.name);
    await page.getByLabel("E-mail").fill(`${randomUUID()}@example.com`);
    await page.getByLabel("Password", { exact: true }).fill(account.password);
    await submit(page.getByRole("button", { name: "Create account" }));
    await expectVisitor(page, account.name);
  },
};

for (const [way, run] of Object.entries(waysToSignIn)) {
  // Security: 7.2.4
  test(`a session id that was planted before ${way} is invalid afterwards`, async ({ page, attackerSite, account }) => {
    const attacker = await openOtherBrowser(page, "");
    await beginSession(attacker);
    const planted = await cookieHeader(attacker.context());
    await plantCookie(page, attackerSite, planted);
    await open(page, "/login");
    expect(await cookieHeader(page.context()), "the planted session").toBe(planted);

    await run(page, account);
    const own = await cookieHeader(page.context());
    expect(own).not.toBe(planted);
    expect((await callApi(own, "/api/visitor/peek")).value.user).not.toBeNull();
    expect((await callApi(planted, "/api/visitor/peek")).value.user).toBeNull();
    expect((await callApi(planted, "/api/visitor/peek")).value.theme).toBe("system");
    expect((await callApi(planted, "/api/auth/devices")).status).toBe(401);
    await open(attacker, "/account");
    await expect(attacker).toHaveURL(`${appOrigin}/login?next=%2Faccount`);
    await expectVisitor(attacker, "Guest");
    await attacker.context().close();
  });
}

test("a session id that a subdomain plants for all hosts is not signed in", async ({ page, attackerSite, account }) => {
  const attacker = await openOtherBrowser(page, "");
  await beginSession(attacker);
  const planted = await cookieHeader(attacker.context());
  await page.goto(attackerSite.publish(`evil.${appHost}`, "", { "set-cookie": `${planted}; Domain=${appHost}; Path=/` }));
  await open(page, "/login");
  await signIn(page, account);
  await open(attacker, "/account");
  await expectVisitor(attacker, "Guest");
  expect((await callApi(planted, "/api/visitor/peek")).value.user).toBeNull();
  await attacker.context().close();
});

// Security: never adopted
test("an id that the server did not issue is never adopted, even if it is signed", async ({ page, attackerSite }) => {
  await withServers(async (serve) => {
    const key = randomBytes(64);
    await serve(key.toString("base64"), async (address) => {
      const signed = (id: string) => createHmac("sha256", key.subarray(0, 32)).update(id).digest("base64") + id;
      await beginSession(page, address);
      const genuine = (await sessionCookie(page.context()))?.value ?? "";
      expect(signed(genuine.slice(44)), "signed as the server signs").toBe(genuine);

      const invented = signed(randomBytes(16).toString("base64url"));
      await page.context().clearCookies();
      await plantCookie(page, attackerSite, `id=${invented}`);
      await beginSession(page, address);
      expect((await sessionCookie(page.context()))?.value).toMatch(/./);
      expect((await sessionCookie(page.context()))?.value).not.toBe(invented);

      await page.context().clearCookies();
      await plantCookie(page, attackerSite, `id=${invented}`);
      await open(page, `${address}/login`);
      await signIn(page, demo);
      await expectVisitor(page, demo.name);
      expect((await sessionCookie(page.context()))?.value).not.toBe(invented);
      await page.goto("about:blank");
    });
  });
});

/** Opens a page on another port of the app's host that sets the app's cookie. Cookies are shared by all ports. */
async function plantCookie(page: Page, attackerSite: AttackerSite, cookie: string) {
  await page.goto(attackerSite.publish(appHost, "", { "set-cookie": `${cookie}; Path=/` }));
  expect(await cookieHeader(page.context())).toBe(cookie);
}
