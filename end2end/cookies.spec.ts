import type { Cookie, Page } from "@playwright/test";

import {
  errors,
  expect,
  expectMessage,
  expectSameDocument,
  markDocument,
  open,
  signIn,
  submit,
  test,
  waitForHydration,
} from "./fixtures";
import { defaultServer } from "./servers";

test("a cookie with Max-Age and one until the browser closes are set, shown and deleted", async ({
  page,
}) => {
  await open(page, "/cookies");
  const before = Date.now() / 1000;
  await setCookie(page, { name: "hour", value: "sand", maxAge: "3600" });
  await expectMessage(page, "The cookie has been set.");
  const hour = await storedCookie(page, "hour");
  expect(hour).toMatchObject({ value: "lab:sand", domain: "127.0.0.1", path: "/", sameSite: "Lax", httpOnly: false, secure: false });
  expect(hour?.expires).toBeGreaterThan(before + 3590);
  expect(hour?.expires).toBeLessThan(Date.now() / 1000 + 3610);
  await expectCookie(page, "hour", "sand", "Plain: the server cannot tell whether it was changed.");

  await setCookie(page, { name: "visit", value: "short" });
  await expectCookie(page, "visit", "short", "Plain: the server cannot tell whether it was changed.");
  // -1 means "until the browser closes".
  expect(await storedCookie(page, "visit")).toMatchObject({ value: "lab:short", path: "/", sameSite: "Lax", expires: -1 });

  // After a reload the page shows the cookie that the browser sends.
  await open(page, "/cookies");
  await expectCookie(page, "hour", "sand", "Plain: the server cannot tell whether it was changed.");

  await submit(page.getByRole("button", { name: "Delete hour" }));
  await expectMessage(page, "The cookie has been deleted.");
  await expect(cookieRow(page, "hour")).toHaveCount(0);
  await expect(cookieRow(page, "visit")).toBeVisible();
  expect(await storedCookie(page, "hour")).toBeUndefined();
});

test("a changed signed cookie is detected, and is valid again after it is changed back", async ({ page }) => {
  await open(page, "/cookies");
  await setCookie(page, { name: "role", value: "reader", signed: true });
  await expectCookie(page, "role", /^s:reader\.[\w-]{43}$/, "Signed: the signature is valid, so it was not changed.");
  const genuine = await storedCookie(page, "role");
  await expect(cookieRow(page, "role").locator("mark")).toHaveText(genuine?.value.split(".").at(-1) ?? "");

  await submit(page.getByRole("button", { name: "Tamper with role" }));
  await expectCookie(
    page,
    "role",
    /^s:reader-changed\./,
    "Changed: the signature is invalid, so the server ignores it.",
  );
  expect((await storedCookie(page, "role"))?.value).toBe(genuine?.value.replace("reader", "reader-changed"));

  await submit(page.getByRole("button", { name: "Tamper with role" }));
  await expectCookie(page, "role", genuine?.value.replace(/^lab:/, "") ?? "", "Signed: the signature is valid, so it was not changed.");
});

test("a changed plain cookie is accepted", async ({ page }) => {
  await open(page, "/cookies");
  await setCookie(page, { name: "role", value: "reader" });
  await submit(page.getByRole("button", { name: "Tamper with role" }));
  await expectCookie(page, "role", "reader-changed", "Plain: the server cannot tell whether it was changed.");
});

test("the server receives cookies that were changed in the browser", async ({ page }) => {
  await open(page, "/cookies");
  await setCookie(page, { name: "role", value: "reader", signed: true });
  await expectCookie(page, "role", /^s:reader\./, "Signed: the signature is valid, so it was not changed.");
  await setCookie(page, { name: "colour", value: "red" });
  await expectCookie(page, "colour", "red", "Plain: the server cannot tell whether it was changed.");
  const genuine = (await storedCookie(page, "role"))?.value ?? "";
  await page.context().addCookies([
    { name: "role", value: genuine.replace("reader", "admin"), url: defaultServer },
    { name: "colour", value: "lab:blue", url: defaultServer },
  ]);
  await open(page, "/cookies");
  await expectCookie(page, "role", /^s:admin\./, "Changed: the signature is invalid, so the server ignores it.");
  await expectCookie(page, "colour", "blue", "Plain: the server cannot tell whether it was changed.");
});

test("another app's cookie is listed without its value and without buttons", async ({ page }) => {
  await page.context().addCookies([
    { name: "CF_Authorization", value: "eyJ-top-secret", url: defaultServer, httpOnly: true },
    { name: "connect.sid", value: "s:top-secret.x", url: defaultServer, httpOnly: true },
  ]);
  await open(page, "/cookies");
  for (const name of ["CF_Authorization", "connect.sid"]) {
    await expectCookie(page, name, "\u2026 (14 characters)", "Not set on this page: its value is hidden.");
    await expect(cookieRow(page, name).getByRole("button")).toHaveCount(0);
  }
  expect(await page.content()).not.toContain("top-secret");
  for (const address of ["/api/cookies/show", "/cookies"]) {
    expect(await (await page.request.get(address)).text(), address).not.toContain("top-secret");
  }
});

test("an invalid field shows an error beside it and keeps the input", async ({ page, allowConsole }) => {
  allowConsole(/status of 422 .*api\/cookies\/set/);
  await open(page, "/cookies");
  const cases = [
    { name: "", value: "x", field: "Name", reason: "Please fill in this field." },
    { name: "two words", value: "x", field: "Name", reason: /^Please use only letters, digits and these characters/ },
    { name: "__Host-a", value: "x", field: "Name", reason: /^Browsers have special rules for names with this prefix/ },
    { name: "id", value: "x", field: "Name", reason: /own cookie, which cannot be changed here\.$/ },
    { name: "a", value: "x;y", field: "Value", reason: /^Please use only ASCII characters/ },
    { name: "a", value: "s:x", field: "Value", reason: /^Only signed values begin with s:/ },
    { name: "a", value: "x", maxAge: "0", field: "Max-Age in seconds", reason: /^This would delete the cookie/ },
    { name: "a", value: "x", maxAge: "soon", field: "Max-Age in seconds", reason: "Please enter a whole number." },
  ];
  for (const { field, reason, ...typed } of cases) {
    await test.step(`${field}: ${reason}`, async () => {
      await setCookie(page, typed);
      await expect(errors(page)).toHaveText(reason);
      await expect(page.getByLabel(field, { exact: true })).toHaveAttribute("aria-invalid", "true");
      await expect(page.getByLabel("Name", { exact: true })).toHaveValue(typed.name);
      await expect(page.getByLabel("Value", { exact: true })).toHaveValue(typed.value);
      await expect(page.getByLabel("Max-Age in seconds")).toHaveValue(typed.maxAge ?? "");
      await waitForHydration(page);
    });
  }
  expect((await page.context().cookies()).filter((cookie) => cookie.name !== "id")).toEqual([]);
});

test("the session cookie is listed without its value and without buttons", async ({ page }) => {
  await open(page, "/login");
  await signIn(page);
  await expect(page).toHaveURL("/");
  await open(page, "/cookies");
  const secret = (await storedCookie(page, "id"))?.value ?? "";
  const own = cookieRow(page, "id");
  await expect(own).toContainText("The session\u2019s own cookie: its value is hidden.");
  await expect(own.getByRole("button")).toHaveCount(0);
  expect(await page.content()).not.toContain(decodeURIComponent(secret).slice(0, 12));
});

test("the hydrated page updates its table without a reload and keeps the focus", { tag: "@js" }, async ({ page }) => {
  await open(page, "/cookies");
  await markDocument(page);
  await setCookie(page, { name: "fruit", value: "plum", signed: true });
  await expect(page.getByRole("button", { name: "Set cookie" })).toBeFocused();

  const tamper = page.getByRole("button", { name: "Tamper with fruit" });
  await tamper.focus();
  await page.keyboard.press("Enter");
  await expect(cookieRow(page, "fruit")).toContainText("the server ignores it");
  await expect(tamper).toBeFocused();

  await page.getByRole("button", { name: "Delete fruit" }).focus();
  await page.keyboard.press("Enter");
  await expect(cookieRow(page, "fruit")).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "What the server received" })).toBeFocused();
  await expectSameDocument(page);
});

async function setCookie(page: Page, cookie: { name: string; value: string; maxAge?: string; signed?: boolean }) {
  await page.getByLabel("Name", { exact: true }).fill(cookie.name);
  await page.getByLabel("Value", { exact: true }).fill(cookie.value);
  await page.getByLabel("Max-Age in seconds").fill(cookie.maxAge ?? "");
  await page.getByLabel("Sign it").setChecked(cookie.signed ?? false);
  await submit(page.getByRole("button", { name: "Set cookie" }));
}

/** A cookie as the browser stores it. */
async function storedCookie(page: Page, name: string): Promise<Cookie | undefined> {
  return (await page.context().cookies()).find((cookie) => cookie.name === name);
}

function cookieRow(page: Page, name: string) {
  return page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
}

async function expectCookie(page: Page, name: string, text: string | RegExp, state: string) {
  await expect(cookieRow(page, name).getByRole("cell").first()).toHaveText(text);
  await expect(cookieRow(page, name)).toContainText(state);
  await waitForHydration(page);
}
