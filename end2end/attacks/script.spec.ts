// Text of users must not run as a script in any place where the app shows it (ASVS 3.2.2).

import { errors, expect, open, submit } from "../fixtures";
import { defaultServer } from "../servers";
import { appOrigin, callApi, cookieHeader, openSignedIn, test } from "./hostile";
import { expectNoScripts, payloads } from "./payloads";

const expectTextOnly = expectNoScripts();

// Security: 3.2.2
test("an account's name is shown as text", async ({ page, account }) => {
  await openSignedIn(page, account);
  for (const payload of payloads) {
    await page.getByLabel("Name", { exact: true }).fill(payload);
    await submit(page.getByRole("button", { name: "Change name" }));
    await expect(page.getByRole("banner").locator(".visitor-name")).toContainText(payload);
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(payload);
    await expectTextOnly(page);
    // Loads pages, so that the name is in the first HTML and its hydration data.
    for (const path of ["/login", "/account"]) {
      await open(page, path);
      await expect(page.getByRole("banner").locator(".visitor-name")).toContainText(payload);
      await expectTextOnly(page);
    }
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(payload);
  }
});

test("a refused name and e-mail address are refilled as text", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d .*api\/auth\//);
  for (const payload of payloads) {
    await open(page, "/register");
    await page.getByLabel("Name", { exact: true }).fill(payload);
    await page.getByLabel("E-mail").fill(payload);
    await page.getByLabel("Password", { exact: true }).fill("short");
    await submit(page.getByRole("button", { name: "Create account" }));
    await expect(errors(page).first()).toBeVisible();
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(payload);
    await expectTextOnly(page);

    await open(page, "/login");
    await page.getByLabel("E-mail").fill(payload);
    await submit(page.getByRole("main").getByRole("button", { name: "Sign in" }));
    await expect(errors(page).first()).toBeVisible();
    await expectTextOnly(page);
  }
});

// Security: 3.2.2
test("text in a URL does not run", async ({ page, account, js, allowConsole }) => {
  allowConsole(/status of 4\d\d/);
  await openSignedIn(page, account);
  const addresses = [
    // <explorer>
    "/session?key=",
    // </explorer>
    "/login?next=",
    "/login?next=/",
    "/register?next=/",
    // With "x", because directly after a slash some payloads look like another site's address.
    "/nothing/x",
    "/account/x",
    "/?",
    "/#",
    "/login?x=",
    // <shop>
    "/?q=",
    "/?sort=",
    "/?q=mug&sort=",
    "/products/x",
    "/orders/x",
    // </shop>
  ];
  for (const [index, payload] of payloads.entries()) {
    // Pages are slow with JavaScript, so each URL gets a quarter of the payloads.
    for (const address of addresses.filter((_, place) => !js || (index + place) % 4 === 0)) {
      await open(page, address + encodeURIComponent(payload));
      await expectTextOnly(page);
    }
    // Without encoding, except for characters that would change the URL.
    await open(page, `/login?key=${payload.replaceAll("%", "%25").replace(/[#&\u2028\u2029+]/g, encodeURIComponent)}`);
    await expectTextOnly(page);
  }
});

// <shop>
test("the words of a search are shown as text", async ({ page }) => {
  for (const payload of payloads) {
    await open(page, `/?q=${encodeURIComponent(payload)}`);
    await expect(page.locator(".found")).toContainText(`\u201c${payload}\u201d`);
    await expect(page.locator("input[name=q]")).toHaveValue(payload);
    await expectTextOnly(page);
  }
});
// </shop>

test("the path of the next page is refilled as text", async ({ page }) => {
  for (const payload of payloads.filter((payload) => /^[!-[\]-~]+$/.test(payload))) {
    await open(page, `/login?next=${encodeURIComponent(`/account?${payload}`)}`);
    await expect(page.locator("main input[name=next]")).toHaveValue(`/account?${payload}`);
    await expectTextOnly(page);
    await open(page, `/register?next=${encodeURIComponent(`/account#${payload}`)}`);
    await expect(page.locator("main input[name=next]")).toHaveValue(`/account#${payload}`);
    await expectTextOnly(page);
  }
});

// Security: 16.5.1
test("an error in the URL of a page is ignored", async ({ page, account }) => {
  await openSignedIn(page, account);
  const written = [
    ...payloads,
    '{"error":"wrong_credentials"}',
    '{"error":"unavailable"}',
    '{"error":"invalid","field":"name","problem":"missing"}',
    "ServerError|Your account is locked: call 0900 1234",
  ];
  const functions: [string, string][] = [
    ["/login", "/api/auth/login"],
    ["/register", "/api/auth/register"],
    // <explorer>
    ["/session", "/api/session/set"],
    // </explorer>
    // <cookies>
    ["/cookies", "/api/cookies/set"],
    // </cookies>
    ["/account", "/api/auth/name"],
    // <shop>
    ["/cart", "/api/cart/set"],
    // </shop>
  ];
  for (const [index, error] of written.entries()) {
    for (const encoded of [error, btoa(unescape(encodeURIComponent(error))), Buffer.from(error).toString("base64url")]) {
      const [location, path] = functions[index % functions.length] ?? ["/login", ""];
      await open(page, `${location}?__path=${encodeURIComponent(path)}&__err=${encodeURIComponent(encoded)}`);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(errors(page)).toHaveCount(0);
      await expect(page.getByRole("main")).not.toContainText("0900 1234");
      await expectTextOnly(page);
    }
  }
});

test("the list of devices does not show forged request headers", async ({ page, account }) => {
  await openSignedIn(page, account);
  const cookie = await cookieHeader(page.context());
  for (const payload of payloads.filter((payload) => /^[ -~]+$/.test(payload))) {
    const response = await fetch(`${defaultServer}/api/auth/login`, {
      method: "POST",
      headers: { accept: "application/json", "user-agent": payload, "x-forwarded-for": payload, "x-real-ip": payload, "accept-language": payload },
      body: new URLSearchParams(account),
    });
    expect(response.status).toBe(200);
  }
  const names = ((await callApi(cookie, "/api/auth/devices")).value as { address: string }[]).map(({ address }) => address);
  expect(new Set(names)).toEqual(new Set(["127.0.0.1"]));
  await open(page, "/account");
  await expect(page.getByRole("heading", { name: "Unknown browser" }).first()).toBeVisible();
  await expectTextOnly(page);
});

// Security: 3.4.4
test("a response of the API that is opened as a page does not run", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d/);
  await open(page, "/login");
  for (const payload of payloads) {
    const words = encodeURIComponent(payload);
    for (const path of ["/api/auth/devices?", "/api/nothing/", "/api/visitor/show?"]) {
      const response = await page.goto(appOrigin + path + words);
      expect(response?.headers()["content-type"], path).toContain("application/json");
      expect(response?.headers()["x-content-type-options"], path).toBe("nosniff");
      await expectTextOnly(page);
    }
  }
});
