// Open redirects: links to the app that redirect to another site (ASVS 3.7.2).

import type { Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

import { type Account, demo, expect, expectVisitor, open, signIn, submit } from "../fixtures";
import { defaultServer } from "../servers";
import { appOrigin, attackerHosts, type AttackerSite, test } from "./hostile";

/** Texts that some parsers read as the address of another host, or as a script. */
function maliciousUrls(attackerSite: AttackerSite) {
  const evil = `${attackerHosts["another site"]}:${attackerSite.port}`;
  const [name, port] = evil.split(":");
  return [
    `http://${evil}`,
    `HTTP://${evil}/`,
    `//${evil}`,
    `///${evil}`,
    `////${evil}`,
    `/\\${evil}`,
    `\\\\${evil}`,
    `\\/${evil}`,
    `/\\/${evil}`,
    `http:${evil}`,
    `http:/${evil}`,
    `http:\\\\${evil}`,
    `http:///${evil}`,
    `/\t/${evil}`,
    `/\n/${evil}`,
    `/\r\n/${evil}`,
    `\t//${evil}`,
    ` //${evil}`,
    `\u0000//${evil}`,
    `/\u0000/${evil}`,
    `\u00a0//${evil}`,
    `/\u2028/${evil}`,
    `\uff0f\uff0f${evil}`,
    `/\uff0f${evil}`,
    `//${name}\u3002:${port}`,
    `/%09/${evil}`,
    `/%0d%0a/${evil}`,
    `/%2f${evil}`,
    `%2f%2f${evil}`,
    `/%5c${evil}`,
    `/..//${evil}`,
    `/.//${evil}`,
    `/%2e%2e//${evil}`,
    `/a/..//${evil}`,
    `/a/..//../..//${evil}`,
    `/.;//${evil}`,
    `/;@${evil}`,
    `/@${evil}`,
    `@${evil}`,
    `:80@${evil}`,
    `.${evil}`,
    `//${new URL(appOrigin).host}@${evil}`,
    `//${evil}#${appOrigin}`,
    `/account//${evil}`,
    `/\r\nLocation: http://${evil}`,
    `/account\r\nSet-Cookie: id=planted`,
    `javascript:location='http://${evil}'`,
    `java\tscript:location='http://${evil}'`,
    `/javascript:location='http://${evil}'`,
    `data:text/html,<script>location='http://${evil}'</script>`,
    `vbscript:x`,
    `?next=//${evil}`,
    `#//${evil}`,
    `/login?next=//${evil}`,
    `/login?next=${encodeURIComponent(`/login?next=//${evil}`)}`,
  ];
}

test.beforeEach(({ allowConsole }) => {
  // A path of this site that looks like an address of another site has no page.
  allowConsole(/status of 404 .*evil/);
  // The tests sign in many times.
  test.setTimeout(180_000);
});

test("a link to the sign-in page does not lead to another site", async ({ page, attackerSite }) => {
  for (const next of maliciousUrls(attackerSite)) {
    await open(page, `/login?next=${encodeURIComponent(next)}`);
    await expectOnlyLocalLinks(page);
    // Signs in with each URL that is in the form, and with a sample of the others.
    if (!(await page.locator("main input[name=next]").count()) && !isSampled(next, attackerSite)) continue;
    await signIn(page);
    await expectOnThisSite(page, demo, next);
  }
  expect(attackerSite.requests).toEqual([]);
});

test("a field of the sign-in form does not lead to another site", async ({ page, attackerSite }) => {
  for (const next of maliciousUrls(attackerSite).filter((next) => isSampled(next, attackerSite))) {
    await open(page, "/login?next=/account");
    await setNextField(page, next);
    await signIn(page);
    await expectOnThisSite(page, demo, next);
  }
  expect(attackerSite.requests).toEqual([]);
});

test("a link to the registration page does not lead to another site", async ({ page, attackerSite }) => {
  for (const next of maliciousUrls(attackerSite)) {
    await open(page, `/register?next=${encodeURIComponent(next)}`);
    await expectOnlyLocalLinks(page);
    if (isSampled(next, attackerSite)) await register(page, next);
  }
  expect(attackerSite.requests).toEqual([]);
});

test("a field of the registration form does not lead to another site", async ({ page, attackerSite }) => {
  for (const next of maliciousUrls(attackerSite).filter((next) => isSampled(next, attackerSite))) {
    await open(page, "/register?next=/account");
    await setNextField(page, next);
    await register(page, next);
  }
  expect(attackerSite.requests).toEqual([]);
});

// Security: 3.7.2
test("the server never redirects to another site", { tag: "@no-js" }, async ({ attackerSite }) => {
  for (const next of maliciousUrls(attackerSite)) {
    const forms: [string, Record<string, string>][] = [
      ["/api/auth/login", { ...demo, next }],
      ["/api/auth/register", { name: "Ada", email: `${randomUUID()}@example.com`, password: "three-words-at-least", next }],
      ["/api/preferences/theme", { theme: "dark", next }],
      ["/api/auth/logout", { next }],
    ];
    for (const [path, fields] of forms) {
      const response = await fetch(defaultServer + path, {
        method: "POST",
        headers: { accept: "text/html", referer: `${defaultServer}/login?next=${encodeURIComponent(next)}` },
        body: new URLSearchParams(fields),
        redirect: "manual",
      });
      const location = response.headers.get("location") ?? "";
      expect(response.status, `${path} ${next}`).toBe(303);
      // Twice, because the resolved URL must not be another site's either.
      expect(new URL(new URL(location, appOrigin).href, appOrigin).origin, `${path} ${next}: ${location}`).toBe(appOrigin);
      expect(location).toMatch(/^\/(?![/\\])/);
      expect(response.headers.get("set-cookie") ?? "").not.toContain("planted");
    }
  }
});

test("a plain form on a misleading path does not redirect to another site", { tag: "@no-js" }, async ({
  page,
  attackerSite,
}) => {
  const evil = `${attackerHosts["another site"]}:${attackerSite.port}`;
  await page.goto(`${appOrigin}/@${evil}`);
  await submit(page.getByRole("button", { name: "Dark" }));
  await expect(page.getByRole("banner")).toBeVisible();
  expect(new URL(page.url()).origin).toBe(appOrigin);
  // A path that a browser might read as another site's address has no form.
  for (const path of [
    `//${evil}`,
    `//${evil}/..//${evil}`,
    `/\\${evil}`,
    `/.//${evil}`,
    `/%2f${evil}`,
    `/%5c${evil}`,
    `/account//${evil}`,
    `/account/..//${evil}`,
    `/account/%2e%2e//${evil}`,
    `/account/\\${evil}`,
    `/account\\..\\\\${evil}`,
  ]) {
    expect((await page.goto(appOrigin + path))?.status(), path).toBe(404);
    await expect(page.getByRole("banner").getByRole("button")).toHaveCount(0);
    expect(new URL(page.url()).origin, path).toBe(appOrigin);
  }
  expect(attackerSite.requests).toEqual([]);
});

/** Selects one URL in six, for tests that take long. */
function isSampled(next: string, attackerSite: AttackerSite) {
  return maliciousUrls(attackerSite).indexOf(next) % 6 === 0;
}

/** Expects no link and no form that leads to another site or runs a script. */
async function expectOnlyLocalLinks(page: Page) {
  const urls = await page.locator("a[href], form").evaluateAll((elements) =>
    elements.map((element) => (element instanceof HTMLAnchorElement ? element.href : (element as HTMLFormElement).action)),
  );
  expect(urls.length).toBeGreaterThan(5);
  expect(urls.filter((url) => new URL(url).origin !== new URL(page.url()).origin)).toEqual([]);
}

/** Expects a signed-in user on a page of this site, without links to another one. */
async function expectOnThisSite(page: Page, account: Account, next: string) {
  await expectVisitor(page, account.name);
  await expect(page.getByRole("banner")).toBeVisible();
  expect(new URL(page.url()).origin, next).toBe(appOrigin);
  await expectOnlyLocalLinks(page);
}

/** Changes the hidden field of the form. */
async function setNextField(page: Page, next: string) {
  await page.locator("main input[name=next]").evaluate((input, next) => ((input as HTMLInputElement).value = next), next);
}

async function register(page: Page, next: string) {
  const account = { name: "Ada", email: `${randomUUID()}@example.com`, password: "three-words-at-least" };
  await page.getByLabel("Name", { exact: true }).fill(account.name);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await submit(page.getByRole("button", { name: "Create account" }));
  await expectOnThisSite(page, account, next);
  await submit(page.getByRole("banner").getByRole("button", { name: "Sign out" }));
  await expectVisitor(page, "Guest");
}
