// Text of somebody's that is shown again, and is to run as a script (ASVS 3.2.2). Every place where the app shows such text.

import type { Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

import { form, row } from "../explorer";
import { errors, expect, hydrated, open, submit } from "../fixtures";
import { usualServer } from "../servers";
import { call, carried, enter, site, test, thief } from "./hostile";
import { cookieValues, expectHarmless, listen, payloads } from "./payloads";

let called: string[] = [];

test.beforeEach(async ({ page }) => {
  test.setTimeout(180_000);
  called = await listen(page);
});

// Security: 3.2.2
test("the name of an account", async ({ page, account }) => {
  await enter(page, account);
  for (const payload of payloads) {
    await page.getByLabel("Name", { exact: true }).fill(payload);
    await submit(page.getByRole("button", { name: "Change name" }));
    await expect(page.getByRole("banner").locator(".visitor-name")).toContainText(payload);
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(payload);
    await harmless(page);
    // In the first HTML, and in what it holds for the browser's code.
    for (const path of ["/login", "/account"]) {
      await open(page, path);
      await expect(page.getByRole("banner").locator(".visitor-name")).toContainText(payload);
      await harmless(page);
    }
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(payload);
  }
});

test("a refused name and address, typed again into their fields", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d .*api\/auth\//);
  for (const payload of payloads) {
    await open(page, "/register");
    await page.getByLabel("Name", { exact: true }).fill(payload);
    await page.getByLabel("E-mail").fill(payload);
    await page.getByLabel("Password", { exact: true }).fill("short");
    await submit(page.getByRole("button", { name: "Create account" }));
    await expect(errors(page).first()).toBeVisible();
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(payload);
    await harmless(page);

    await open(page, "/login");
    await page.getByLabel("E-mail").fill(payload);
    await submit(page.getByRole("main").getByRole("button", { name: "Sign in" }));
    await expect(errors(page).first()).toBeVisible();
    await harmless(page);
  }
});

// Security: 3.2.2
test("keys and values of the session", async ({ page }) => {
  await open(page, "/session");
  const set = form(page, "Set a value");
  const kept = payloads.flatMap((payload) => {
    const key = payload.slice(0, 64).trim();
    // As JSON; and as text where it does not begin like JSON.
    const json = [{ key, value: JSON.stringify({ [payload]: [payload] }) }];
    return /^["[{]/.test(payload) ? json : [...json, { key: `t ${key}`.slice(0, 64).trim(), value: payload }];
  });
  for (const { key, value } of kept) {
    await set.getByLabel("Key").fill(key);
    await set.getByLabel("Value").fill(value);
    await submit(set.getByRole("button", { name: "Set" }));
    await expect(row(page, key)).toBeVisible();
  }
  await harmless(page);
  await open(page, "/session");
  await harmless(page);
  for (const { key, value } of kept) {
    const payload = value.startsWith("{") ? Object.keys(JSON.parse(value) as object)[0] : value;
    await expect(row(page, key).locator("pre")).toContainText(JSON.stringify(payload));
  }
  for (const { key } of kept.slice(0, 5)) {
    await open(page, `/session?key=${encodeURIComponent(key)}`);
    await expect(form(page, "Get a value").locator("code")).toHaveText(key);
    await harmless(page);
  }
});

test("a refused value, typed again into its text area", async ({ page, allowConsole }) => {
  allowConsole(/status of 422 .*session\/set/);
  await open(page, "/session");
  for (const payload of payloads) {
    const set = form(page, "Set a value");
    await set.getByLabel("Key").fill("refused");
    await set.getByLabel("Value").fill(`[${payload}`);
    await submit(set.getByRole("button", { name: "Set" }));
    await expect(errors(page)).toHaveText(/This is not valid JSON/);
    await expect(set.getByLabel("Value")).toHaveValue(`[${payload}`);
    await harmless(page);

    await set.getByLabel("Key").fill(payload.repeat(20).slice(0, 900));
    await submit(set.getByRole("button", { name: "Set" }));
    await expect(errors(page)).toHaveText(/at most 64 characters/);
    await expect(set.getByLabel("Key")).toHaveValue(payload.repeat(20).slice(0, 900));
    await harmless(page);
  }
});

test("a number that is none", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d .*session\/pineapples/);
  await open(page, "/session");
  for (const payload of payloads) {
    await page.getByLabel("Pineapples").fill(payload);
    await submit(page.getByRole("button", { name: "Save" }));
    await expect(page.getByLabel("Pineapples")).toHaveValue(payload);
    await harmless(page);
  }
});

test("a cookie of the lab", async ({ page }) => {
  await open(page, "/cookies");
  for (const value of cookieValues) {
    for (const signed of [false, true]) {
      await page.getByLabel("Name", { exact: true }).fill("fruit");
      await page.getByLabel("Value", { exact: true }).fill(value);
      await page.getByLabel("Sign it").setChecked(signed);
      await submit(page.getByRole("button", { name: "Set cookie" }));
      await expect(page.getByRole("row").filter({ hasText: "fruit" })).toContainText(signed ? `s:${value}.` : value);
      await harmless(page);
      await open(page, "/cookies");
      await expect(page.getByRole("row").filter({ hasText: "fruit" })).toContainText(signed ? `s:${value}.` : value);
      await harmless(page);
      await submit(page.getByRole("button", { name: "Tamper with fruit" }));
      await harmless(page);
    }
  }
});

test("cookies that the browser has from elsewhere", async ({ page }) => {
  for (const value of cookieValues) {
    await page.context().clearCookies();
    const name = value.replaceAll("=", ":");
    await page.context().addCookies([
      // Of this one the page shows the name alone: it is another app's.
      { name, value, url: site },
      { name: "fruit", value: `lab:${value}`, url: site },
      { name: "signed", value: `lab:s:${value}.${value}`, url: site },
      { name: "quoted", value: `lab:"${value}"`, url: site },
    ]);
    await open(page, "/cookies");
    for (const [name, shown] of [["fruit", value], ["signed", `s:${value}.${value}`], ["quoted", `"${value}"`]] as const) {
      const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
      await expect(row).toContainText(shown);
    }
    await expect(page.getByRole("rowheader")).toHaveCount(4);
    await harmless(page);
  }
});

test("a refused cookie, typed again into its fields", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d .*cookies\/set/);
  for (const payload of payloads) {
    await open(page, "/cookies");
    for (const label of ["Name", "Value"]) await page.getByLabel(label, { exact: true }).fill(payload);
    await page.getByLabel("Max-Age in seconds").fill(payload);
    await submit(page.getByRole("button", { name: "Set cookie" }));
    await expect(errors(page).first()).toBeVisible();
    await expect(page.getByLabel("Value", { exact: true })).toHaveValue(payload);
    await expect(page.getByLabel("Max-Age in seconds")).toHaveValue(payload);
    await harmless(page);
  }
});

// Security: 3.2.2
test("words in an address", async ({ page, account, js, allowConsole }) => {
  allowConsole(/status of 4\d\d/);
  await enter(page, account);
  const addresses = [
    "/session?key=",
    "/login?next=",
    "/login?next=/",
    "/register?next=/",
    // Behind a slash some of them would read like another site's address, where the app has no page.
    "/nothing/x",
    "/account/x",
    "/?",
    "/#",
    "/visits?x=",
    // <shop>
    "/?q=",
    "/?sort=",
    "/?q=mug&sort=",
    "/products/x",
    "/orders/x",
    // </shop>
  ];
  for (const [index, payload] of payloads.entries()) {
    // With JavaScript each address takes its time: every one has some of them.
    for (const address of addresses.filter((_, place) => !js || (index + place) % 4 === 0)) {
      await open(page, address + encodeURIComponent(payload));
      await harmless(page);
    }
    // As it stands, for who writes addresses by hand. What a browser itself encodes is encoded.
    await open(page, `/session?key=${payload.replaceAll("%", "%25").replace(/[#&\u2028\u2029+]/g, encodeURIComponent)}`);
    await harmless(page);
  }
});

test("what is shown of an address is text", async ({ page }) => {
  for (const payload of payloads) {
    await open(page, `/session?key=${encodeURIComponent(payload)}`);
    await expect(form(page, "Get a value")).toContainText(`There is no value with the key ${payload}`);
    await expect(form(page, "Get a value").getByLabel("Key")).toHaveValue(payload);
    // <shop>
    await open(page, `/?q=${encodeURIComponent(payload)}`);
    await expect(page.locator(".found")).toContainText(`\u201c${payload}\u201d`);
    await expect(page.locator("input[name=q]")).toHaveValue(payload);
    await harmless(page);
    // </shop>
  }
});

test("the next page, where its path is one of this site", async ({ page }) => {
  for (const payload of payloads.filter((payload) => /^[!-[\]-~]+$/.test(payload))) {
    await open(page, `/login?next=${encodeURIComponent(`/visits?${payload}`)}`);
    await expect(page.locator("main input[name=next]")).toHaveValue(`/visits?${payload}`);
    await harmless(page);
    await open(page, `/register?next=${encodeURIComponent(`/visits#${payload}`)}`);
    await expect(page.locator("main input[name=next]")).toHaveValue(`/visits#${payload}`);
    await harmless(page);
  }
});

// Security: 16.5.1
test("an error that somebody has written into the address", async ({ page, account }) => {
  await enter(page, account);
  const told = [
    ...payloads,
    '{"error":"wrong_credentials"}',
    '{"error":"unavailable"}',
    '{"error":"invalid","field":"name","problem":"missing"}',
    "ServerError|Your account is locked: call 0900 1234",
  ];
  const functions: [string, string][] = [
    ["/login", "/api/auth/login"],
    ["/register", "/api/auth/register"],
    ["/session", "/api/session/set"],
    ["/cookies", "/api/cookies/set"],
    ["/account", "/api/auth/name"],
    // <shop>
    ["/cart", "/api/cart/set"],
    // </shop>
  ];
  for (const [index, error] of told.entries()) {
    for (const encoded of [error, btoa(unescape(encodeURIComponent(error))), Buffer.from(error).toString("base64url")]) {
      // Each page with some of them.
      const [page_, path] = functions[index % functions.length] ?? ["/login", ""];
      await open(page, `${page_}?__path=${encodeURIComponent(path)}&__err=${encodeURIComponent(encoded)}`);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(errors(page)).toHaveCount(0);
      await expect(page.getByRole("main")).not.toContainText("0900 1234");
      await harmless(page);
    }
  }
});

test("what a browser calls itself", async ({ page, account }) => {
  await enter(page, account);
  const cookie = await carried(page.context());
  for (const payload of payloads.filter((payload) => /^[ -~]+$/.test(payload))) {
    const answer = await fetch(`${usualServer}/api/auth/login`, {
      method: "POST",
      headers: { accept: "application/json", "user-agent": payload, "x-forwarded-for": payload, "x-real-ip": payload, "accept-language": payload },
      body: new URLSearchParams(account),
    });
    expect(answer.status).toBe(200);
  }
  const names = ((await call(cookie, "/api/auth/devices")).value as { address: string }[]).map(({ address }) => address);
  expect(new Set(names)).toEqual(new Set(["127.0.0.1"]));
  await open(page, "/account");
  await expect(page.getByRole("heading", { name: "Unknown browser" }).first()).toBeVisible();
  await harmless(page);
});

// Security: 3.4.4
test("an answer of the API that is opened as a page", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d/);
  await open(page, "/session");
  for (const payload of payloads) {
    await call(await carried(page.context()), "/api/session/set", { key: "text", value: payload });
    const words = encodeURIComponent(payload);
    for (const path of ["/api/session/show?", "/api/cookies/show?", "/api/source/show?page=", "/api/nothing/", "/api/visitor/show?"]) {
      const answer = await page.goto(site + path + words);
      expect(answer?.headers()["content-type"], path).toContain("application/json");
      expect(answer?.headers()["x-content-type-options"], path).toBe("nosniff");
      await harmless(page);
    }
  }
});

// Security: 3.2.2
test("what one visitor has typed runs with no other", async ({ page, account }) => {
  const stranger = await thief(page, "");
  const strangersCalls = await listen(stranger);
  await open(stranger, "/visits");
  const cookie = await carried(stranger.context());
  for (const payload of payloads) await call(cookie, "/api/session/set", { key: randomUUID(), value: payload });
  await enter(page, account, `${site}/account`);
  for (const path of ["/", "/session", "/account", "/visits"]) {
    await open(page, path);
    await harmless(page);
    await expect(page.getByText("pwned()")).toHaveCount(0);
  }
  await open(stranger, "/session");
  await expectHarmless(stranger, strangersCalls);
  await stranger.context().close();
});

async function harmless(page: Page) {
  // An answer of the API is no page.
  if (!page.url().startsWith(`${site}/api/`)) await hydrated(page);
  await expectHarmless(page, called);
}
