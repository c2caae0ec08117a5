// Links to the app that are to lead on to somewhere else (ASVS 3.7.2).

import type { Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

import { type Account, demo, expect, expectVisitor, open, signIn, submit } from "../fixtures";
import { usualServer } from "../servers";
import { type Hostile, hosts, site, test } from "./hostile";

/** Everything that somebody's parser takes for an address of another host, or for a script. */
function elsewhere(hostile: Hostile) {
  const evil = `${hosts["another site"]}:${hostile.port}`;
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
    `//${new URL(site).host}@${evil}`,
    `//${evil}#${site}`,
    `/account//${evil}`,
    `/\r\nLocation: http://${evil}`,
    `/visits\r\nSet-Cookie: id=planted`,
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
  // A path of this site that looks like somebody else's is none of its pages.
  allowConsole(/status of 404 .*evil/);
  // Many sign-ins.
  test.setTimeout(180_000);
});

test("a link to the sign-in page leads to no other site", async ({ page, hostile }) => {
  for (const next of elsewhere(hostile)) {
    await open(page, `/login?next=${encodeURIComponent(next)}`);
    await expectNoWayOut(page);
    // Most are gone by now. What the form carries on is a path of this site, whatever it looks like.
    if (!(await page.locator("main input[name=next]").count()) && !some(next, hostile)) continue;
    await signIn(page);
    await expectHere(page, demo, next);
  }
  expect(hostile.asked).toEqual([]);
});

test("a field of the sign-in form leads to no other site", async ({ page, hostile }) => {
  for (const next of elsewhere(hostile).filter((next) => some(next, hostile))) {
    await open(page, "/login?next=/visits");
    await plant(page, next);
    await signIn(page);
    await expectHere(page, demo, next);
  }
  expect(hostile.asked).toEqual([]);
});

test("a link to the form for a new account leads to no other site", async ({ page, hostile }) => {
  for (const next of elsewhere(hostile)) {
    await open(page, `/register?next=${encodeURIComponent(next)}`);
    await expectNoWayOut(page);
    if (some(next, hostile)) await register(page, next);
  }
  expect(hostile.asked).toEqual([]);
});

test("a field of the form for a new account leads to no other site", async ({ page, hostile }) => {
  for (const next of elsewhere(hostile).filter((next) => some(next, hostile))) {
    await open(page, "/register?next=/visits");
    await plant(page, next);
    await register(page, next);
  }
  expect(hostile.asked).toEqual([]);
});

// Security: 3.7.2
test("no redirect of the server names another site", { tag: "@no-js" }, async ({ hostile }) => {
  for (const next of elsewhere(hostile)) {
    const forms: [string, Record<string, string>][] = [
      ["/api/auth/login", { ...demo, next }],
      ["/api/auth/register", { name: "Ada", email: `${randomUUID()}@example.com`, password: "three-words-at-least", next }],
      ["/api/preferences/theme", { theme: "dark", next }],
      ["/api/auth/logout", { next }],
    ];
    for (const [path, fields] of forms) {
      const answer = await fetch(usualServer + path, {
        method: "POST",
        headers: { accept: "text/html", referer: `${usualServer}/visits?next=${encodeURIComponent(next)}` },
        body: new URLSearchParams(fields),
        redirect: "manual",
      });
      const location = answer.headers.get("location") ?? "";
      expect(answer.status, `${path} ${next}`).toBe(303);
      // Twice: a browser sees the address as it stands, and then as it has resolved it.
      expect(new URL(new URL(location, site).href, site).origin, `${path} ${next}: ${location}`).toBe(site);
      expect(location).toMatch(/^\/(?![/\\])/);
      expect(answer.headers.get("set-cookie") ?? "").not.toContain("planted");
    }
  }
});

test("a plain form leads back to no other site, whatever its own page is called", { tag: "@no-js" }, async ({
  page,
  hostile,
}) => {
  const evil = `${hosts["another site"]}:${hostile.port}`;
  await page.goto(`${site}/@${evil}`);
  await submit(page.getByRole("button", { name: "Dark" }));
  await expect(page.getByRole("banner")).toBeVisible();
  expect(new URL(page.url()).origin).toBe(site);
  // Where a browser might read the address of another site, there is no form.
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
    expect((await page.goto(site + path))?.status(), path).toBe(404);
    await expect(page.getByRole("banner").getByRole("button")).toHaveCount(0);
    expect(new URL(page.url()).origin, path).toBe(site);
  }
  expect(hostile.asked).toEqual([]);
});

/** One of each kind, for what takes time. */
function some(next: string, hostile: Hostile) {
  return elsewhere(hostile).indexOf(next) % 6 === 0;
}

/** No link and no form of the page leads to another site or runs a script. */
async function expectNoWayOut(page: Page) {
  const ways = await page.locator("a[href], form").evaluateAll((elements) =>
    elements.map((element) => (element instanceof HTMLAnchorElement ? element.href : (element as HTMLFormElement).action)),
  );
  expect(ways.length).toBeGreaterThan(5);
  expect(ways.filter((way) => new URL(way).origin !== new URL(page.url()).origin)).toEqual([]);
}

/** The browser is on this site, signed in, and stays here. */
async function expectHere(page: Page, account: Account, next: string) {
  await expectVisitor(page, account.name);
  await expect(page.getByRole("banner")).toBeVisible();
  expect(new URL(page.url()).origin, next).toBe(site);
  await expectNoWayOut(page);
}

/** Changes the form's hidden field. */
async function plant(page: Page, next: string) {
  await page.locator("main input[name=next]").evaluate((input, next) => ((input as HTMLInputElement).value = next), next);
}

async function register(page: Page, next: string) {
  const account = { name: "Ada", email: `${randomUUID()}@example.com`, password: "three-words-at-least" };
  await page.getByLabel("Name", { exact: true }).fill(account.name);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await submit(page.getByRole("button", { name: "Create account" }));
  await expectHere(page, account, next);
  await submit(page.getByRole("banner").getByRole("button", { name: "Sign out" }));
  await expectVisitor(page, "Guest");
}
