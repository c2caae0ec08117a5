// A session id that the attacker knows, in the victim's browser before the victim signs in (ASVS 7.2.4).

import type { Page } from "@playwright/test";
import { createHmac, randomBytes, randomUUID } from "node:crypto";

import { type Account, demo, expect, expectVisitor, open, signIn, submit } from "../fixtures";
import { call, carried, enter, type Hostile, host, sessionCookie, site, test, thief, withServers } from "./hostile";

const ways: Record<string, (page: Page, account: Account) => Promise<void>> = {
  "signing in": (page, account) => enter(page, account),
  "signing in again": async (page, account) => {
    await enter(page, account);
    await open(page, "/login");
    await signIn(page, account);
    await expect(page).toHaveURL(`${site}/`);
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

for (const [way, enters] of Object.entries(ways)) {
  // Security: 7.2.4
  test(`after ${way} an id that was planted before is worth nothing`, async ({ page, hostile, account }) => {
    const attacker = await thief(page, "");
    await open(attacker, "/visits");
    const planted = await carried(attacker.context());
    await plant(page, hostile, planted);
    await open(page, "/session");
    expect(await carried(page.context()), "the planted session").toBe(planted);

    await enters(page, account);
    const own = await carried(page.context());
    expect(own).not.toBe(planted);
    expect((await call(own, "/api/visitor/peek")).value.user).not.toBeNull();
    expect((await call(planted, "/api/visitor/peek")).value.user).toBeNull();
    expect((await call(planted, "/api/session/show")).value.values).toEqual({});
    expect((await call(planted, "/api/auth/devices")).status).toBe(401);
    await open(attacker, "/account");
    await expect(attacker).toHaveURL(`${site}/login?next=%2Faccount`);
    await expectVisitor(attacker, "Guest");
    await attacker.context().close();
  });
}

test("a neighbour that plants a session for all hosts is not signed in either", async ({ page, hostile, account }) => {
  const attacker = await thief(page, "");
  await open(attacker, "/visits");
  const planted = await carried(attacker.context());
  await page.goto(hostile.publish(`evil.${host}`, "", { "set-cookie": `${planted}; Domain=${host}; Path=/` }));
  await open(page, "/login");
  await signIn(page, account);
  await open(attacker, "/account");
  await expectVisitor(attacker, "Guest");
  expect((await call(planted, "/api/visitor/peek")).value.user).toBeNull();
  await attacker.context().close();
});

// Security: never adopted
test("an id that the server never gave out is not taken up, even one that is signed", async ({ page, hostile }) => {
  await withServers(async (serve) => {
    const key = randomBytes(64);
    await serve(key.toString("base64"), async (address) => {
      const signed = (id: string) => createHmac("sha256", key.subarray(0, 32)).update(id).digest("base64") + id;
      await open(page, `${address}/visits`);
      const genuine = (await sessionCookie(page.context()))?.value ?? "";
      expect(signed(genuine.slice(44)), "signed as the server signs").toBe(genuine);

      const invented = signed(randomBytes(16).toString("base64url"));
      await page.context().clearCookies();
      await plant(page, hostile, `id=${invented}`);
      await open(page, `${address}/visits`);
      await expect(page.getByRole("main").getByText("1 visit", { exact: true })).toBeVisible();
      expect((await sessionCookie(page.context()))?.value).toMatch(/./);
      expect((await sessionCookie(page.context()))?.value).not.toBe(invented);

      await page.context().clearCookies();
      await plant(page, hostile, `id=${invented}`);
      await open(page, `${address}/login`);
      await signIn(page, demo);
      await expectVisitor(page, demo.name);
      expect((await sessionCookie(page.context()))?.value).not.toBe(invented);
      await page.goto("about:blank");
    });
  });
});

/** Has the visitor open a page that sets the app's cookie: one on another port of its host can, as cookies know no ports. */
async function plant(page: Page, hostile: Hostile, cookie: string) {
  await page.goto(hostile.publish(host, "", { "set-cookie": `${cookie}; Path=/` }));
  expect(await carried(page.context())).toBe(cookie);
}
