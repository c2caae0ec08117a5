// Values of a session must not run as scripts (ASVS 3.2.2).

import { randomUUID } from "node:crypto";

import { form, valueRow } from "../explorer";
import { beginSession, errors, expect, open, submit } from "../fixtures";
import { appOrigin, callApi, cookieHeader, openOtherBrowser, openSignedIn, test } from "./hostile";
import { expectNoInjection, expectNoScripts, payloads, recordScriptCalls } from "./payloads";

const expectTextOnly = expectNoScripts();

// Security: 3.2.2
test("keys and values of the session are shown as text", async ({ page }) => {
  await open(page, "/session");
  const set = form(page, "Set a value");
  const entries = payloads.flatMap((payload) => {
    const key = payload.slice(0, 64).trim();
    // As JSON, and as text unless it begins like JSON.
    const json = [{ key, value: JSON.stringify({ [payload]: [payload] }) }];
    return /^["[{]/.test(payload) ? json : [...json, { key: `t ${key}`.slice(0, 64).trim(), value: payload }];
  });
  for (const { key, value } of entries) {
    await set.getByLabel("Key").fill(key);
    await set.getByLabel("Value").fill(value);
    await submit(set.getByRole("button", { name: "Set" }));
    await expect(valueRow(page, key)).toBeVisible();
  }
  await expectTextOnly(page);
  await open(page, "/session");
  await expectTextOnly(page);
  for (const { key, value } of entries) {
    const payload = value.startsWith("{") ? Object.keys(JSON.parse(value) as object)[0] : value;
    await expect(valueRow(page, key).locator("pre")).toContainText(JSON.stringify(payload));
  }
  for (const { key } of entries.slice(0, 5)) {
    await open(page, `/session?key=${encodeURIComponent(key)}`);
    await expect(form(page, "Get a value").locator("code")).toHaveText(key);
    await expectTextOnly(page);
  }
});

test("a refused value is refilled as text", async ({ page, allowConsole }) => {
  allowConsole(/status of 422 .*session\/set/);
  await open(page, "/session");
  for (const payload of payloads) {
    const set = form(page, "Set a value");
    await set.getByLabel("Key").fill("refused");
    await set.getByLabel("Value").fill(`[${payload}`);
    await submit(set.getByRole("button", { name: "Set" }));
    await expect(errors(page)).toHaveText(/This is not valid JSON/);
    await expect(set.getByLabel("Value")).toHaveValue(`[${payload}`);
    await expectTextOnly(page);

    await set.getByLabel("Key").fill(payload.repeat(20).slice(0, 900));
    await submit(set.getByRole("button", { name: "Set" }));
    await expect(errors(page)).toHaveText(/at most 64 characters/);
    await expect(set.getByLabel("Key")).toHaveValue(payload.repeat(20).slice(0, 900));
    await expectTextOnly(page);
  }
});

test("an invalid number is refilled as text", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d .*session\/pineapples/);
  await open(page, "/session");
  for (const payload of payloads) {
    await page.getByLabel("Pineapples").fill(payload);
    await submit(page.getByRole("button", { name: "Save" }));
    await expect(page.getByLabel("Pineapples")).toHaveValue(payload);
    await expectTextOnly(page);
  }
});

// Security: 3.2.2
test("the input of one visitor does not run for another", async ({ page, account }) => {
  const stranger = await openOtherBrowser(page, "");
  const strangersCalls = await recordScriptCalls(stranger);
  await beginSession(stranger);
  const cookie = await cookieHeader(stranger.context());
  for (const payload of payloads) await callApi(cookie, "/api/session/set", { key: randomUUID(), value: payload });
  await openSignedIn(page, account, `${appOrigin}/account`);
  for (const path of ["/", "/session", "/account"]) {
    await open(page, path);
    await expectTextOnly(page);
    await expect(page.getByText("pwned()")).toHaveCount(0);
  }
  await open(stranger, "/session");
  await expectNoInjection(stranger, strangersCalls);
  await stranger.context().close();
});

test("a key in the URL is shown as text", async ({ page }) => {
  for (const payload of payloads) {
    await open(page, `/session?key=${encodeURIComponent(payload)}`);
    await expect(form(page, "Get a value")).toContainText(`There is no value with the key ${payload}`);
    await expect(form(page, "Get a value").getByLabel("Key")).toHaveValue(payload);
    await expectTextOnly(page);
  }
});
