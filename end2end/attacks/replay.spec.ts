// A copied session cookie is used after the session has ended (ASVS 7.4.1 to 7.4.3, 7.5.2).

import type { Page } from "@playwright/test";

import { type Account, expect, expectMessage, expectVisitor, open, signIn, signOut, submit, waitForHydration } from "../fixtures";
import { appOrigin, callApi, cookieHeader, openOtherBrowser, openSignedIn, sessionCookie, test } from "./hostile";

const waysToEnd: Record<string, (page: Page, account: Account) => Promise<void>> = {
  "signing out": signOut,
  "changing the password": async (page, account) => {
    await page.getByLabel("Current password", { exact: true }).fill(account.password);
    await page.getByLabel("New password", { exact: true }).fill("four-words-are-better");
    await submit(page.getByRole("button", { name: "Change password" }));
    await expectMessage(page, "Your password has been changed. You have been signed out everywhere else.");
  },
  "changing the password in another browser": async (page, account) => {
    const other = await openOtherBrowser(page, "");
    await openSignedIn(other, account);
    await waysToEnd["changing the password"]?.(other, account);
    await other.context().close();
  },
  "signing this device out from another": async (page, account) => {
    const other = await openOtherBrowser(page, "");
    await openSignedIn(other, account);
    const devices = other.getByRole("region", { name: "Your devices" }).getByRole("listitem");
    await submit(devices.getByRole("button", { name: /Sign out/ }));
    await expectMessage(other, "The device has been signed out.");
    await other.context().close();
  },
  "signing out everywhere else": async (page, account) => {
    const other = await openOtherBrowser(page, "");
    await openSignedIn(other, account);
    await submit(other.getByRole("button", { name: "Sign out everywhere else" }));
    await expectMessage(other, "You have been signed out everywhere else.");
    await other.context().close();
  },
  "deleting the account": async (page, account) => {
    await page.getByLabel("Password of your account").fill(account.password);
    await submit(page.getByRole("button", { name: "Delete my account" }));
    await expectVisitor(page, "Guest");
  },
  // <explorer>
  "clearing the session": async (page) => {
    await open(page, "/session");
    await submit(page.getByRole("button", { name: "Clear the session" }));
    await expectVisitor(page, "Guest");
  },
  "renewing the id": async (page) => {
    await open(page, "/session");
    await submit(page.getByRole("button", { name: "Renew the id" }));
    await expectMessage(page, "Your session has a new id.");
  },
  // </explorer>
  "signing in again": async (page, account) => {
    await open(page, "/login");
    await signIn(page, account);
    await expectMessage(page, "Welcome! You are signed in now.");
  },
};

for (const [end, run] of Object.entries(waysToEnd)) {
  // Security: 7.4.1
  test(`a cookie copied before ${end} is invalid afterwards`, async ({ page, account }) => {
    await openSignedIn(page, account);
    const copy = await cookieHeader(page.context());
    const value = (await sessionCookie(page.context()))?.value ?? "";
    // Uses the copy first, so that the session is in the server's cache.
    const stranger = await openOtherBrowser(page, value);
    await open(stranger, "/account");
    await expectVisitor(stranger, account.name);
    expect((await callApi(copy, "/api/auth/devices")).status).toBe(200);

    await run(page, account);
    await waitForHydration(page);
    for (const [address, fields, status] of [
      ["/api/auth/devices", undefined, 401],
      ["/api/auth/name", { name: "Mallory" }, 401],
      ["/api/auth/revoke_others", {}, 401],
      ["/api/auth/delete", { password: account.password }, 401],
    ] as const) {
      expect((await callApi(copy, address, fields)).status, address).toBe(status);
    }
    expect((await callApi(copy, "/api/visitor/peek")).value.user).toBeNull();
    // <explorer>
    expect((await callApi(copy, "/api/session/peek")).value).toMatchObject({ session: null, values: {} });
    // </explorer>

    // Another browser still sends the copy.
    for (const path of ["/account", "/login", "/"]) {
      await stranger.context().clearCookies();
      await stranger.context().addCookies([{ name: "id", value, url: appOrigin }]);
      await open(stranger, path);
      await expectVisitor(stranger, "Guest");
      await expect(stranger.getByText(account.email)).toHaveCount(0);
    }
    await stranger.context().close();
  });
}
