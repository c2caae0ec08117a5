import type { Cookie, Page } from "@playwright/test";

import {
  errors,
  expect,
  expectMessage,
  expectSameDocument,
  hydrated,
  markDocument,
  open,
  signIn,
  submit,
  test,
} from "./fixtures";
import { usualServer } from "./servers";

test("set_cookie, cookies.get and delete_cookie: a cookie with max-age, one until the browser closes, deleted again", async ({
  page,
}) => {
  await open(page, "/cookies");
  const before = Date.now() / 1000;
  await setCookie(page, { name: "hour", value: "sand", maxAge: "3600" });
  await expectMessage(page, "The cookie has been set.");
  const hour = await stored(page, "hour");
  expect(hour).toMatchObject({ value: "lab:sand", domain: "127.0.0.1", path: "/", sameSite: "Lax", httpOnly: false, secure: false });
  expect(hour?.expires).toBeGreaterThan(before + 3590);
  expect(hour?.expires).toBeLessThan(Date.now() / 1000 + 3610);
  await expectCookie(page, "hour", "sand", "Plain: the server cannot tell whether it was changed.");

  await setCookie(page, { name: "visit", value: "short" });
  await expectCookie(page, "visit", "short", "Plain: the server cannot tell whether it was changed.");
  // Playwright's word for "until the browser closes".
  expect(await stored(page, "visit")).toMatchObject({ value: "lab:short", path: "/", sameSite: "Lax", expires: -1 });

  // What the browser sends is what the page shows after a reload, too.
  await open(page, "/cookies");
  await expectCookie(page, "hour", "sand", "Plain: the server cannot tell whether it was changed.");

  await submit(page.getByRole("button", { name: "Delete hour" }));
  await expectMessage(page, "The cookie has been deleted.");
  await expect(row(page, "hour")).toHaveCount(0);
  await expect(row(page, "visit")).toBeVisible();
  expect(await stored(page, "hour")).toBeUndefined();
});

test("a signed cookie that was tampered with is found out, and fits again when it is changed back", async ({ page }) => {
  await open(page, "/cookies");
  await setCookie(page, { name: "role", value: "reader", signed: true });
  await expectCookie(page, "role", /^s:reader\.[\w-]{43}$/, "Signed: the signature is valid, so it was not changed.");
  const genuine = await stored(page, "role");
  await expect(row(page, "role").locator("mark")).toHaveText(genuine?.value.split(".").at(-1) ?? "");

  await submit(page.getByRole("button", { name: "Tamper with role" }));
  await expectCookie(
    page,
    "role",
    /^s:reader-changed\./,
    "Changed: the signature is invalid, so the server ignores it.",
  );
  expect((await stored(page, "role"))?.value).toBe(genuine?.value.replace("reader", "reader-changed"));

  await submit(page.getByRole("button", { name: "Tamper with role" }));
  await expectCookie(page, "role", genuine?.value.replace(/^lab:/, "") ?? "", "Signed: the signature is valid, so it was not changed.");
});

test("a plain cookie that was tampered with is believed", async ({ page }) => {
  await open(page, "/cookies");
  await setCookie(page, { name: "role", value: "reader" });
  await submit(page.getByRole("button", { name: "Tamper with role" }));
  await expectCookie(page, "role", "reader-changed", "Plain: the server cannot tell whether it was changed.");
});

test("a cookie that was changed in the browser's own store is what the server receives", async ({ page }) => {
  await open(page, "/cookies");
  await setCookie(page, { name: "role", value: "reader", signed: true });
  await expectCookie(page, "role", /^s:reader\./, "Signed: the signature is valid, so it was not changed.");
  await setCookie(page, { name: "colour", value: "red" });
  await expectCookie(page, "colour", "red", "Plain: the server cannot tell whether it was changed.");
  const genuine = (await stored(page, "role"))?.value ?? "";
  await page.context().addCookies([
    { name: "role", value: genuine.replace("reader", "admin"), url: usualServer },
    { name: "colour", value: "lab:blue", url: usualServer },
  ]);
  await open(page, "/cookies");
  await expectCookie(page, "role", /^s:admin\./, "Changed: the signature is invalid, so the server ignores it.");
  await expectCookie(page, "colour", "blue", "Plain: the server cannot tell whether it was changed.");
});

test("another app's cookie is listed, without its value and without buttons", async ({ page }) => {
  await page.context().addCookies([
    { name: "CF_Authorization", value: "eyJ-top-secret", url: usualServer, httpOnly: true },
    { name: "connect.sid", value: "s:top-secret.x", url: usualServer, httpOnly: true },
  ]);
  await open(page, "/cookies");
  for (const name of ["CF_Authorization", "connect.sid"]) {
    await expectCookie(page, name, "\u2026 (14 characters)", "Not set on this page: its value is hidden.");
    await expect(row(page, name).getByRole("button")).toHaveCount(0);
  }
  expect(await page.content()).not.toContain("top-secret");
  for (const address of ["/api/cookies/show", "/cookies"]) {
    expect(await (await page.request.get(address)).text(), address).not.toContain("top-secret");
  }
});

test("what is wrong with a field stands beside it, and what was typed stays", async ({ page, allowConsole }) => {
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
      await hydrated(page);
    });
  }
  expect((await page.context().cookies()).filter((cookie) => cookie.name !== "id")).toEqual([]);
});

test("the session's own cookie is listed, without its secret and without buttons", async ({ page }) => {
  await open(page, "/login");
  await signIn(page);
  await expect(page).toHaveURL("/");
  await open(page, "/cookies");
  const secret = (await stored(page, "id"))?.value ?? "";
  const own = row(page, "id");
  await expect(own).toContainText("The session\u2019s own cookie: its value is hidden.");
  await expect(own.getByRole("button")).toHaveCount(0);
  expect(await page.content()).not.toContain(decodeURIComponent(secret).slice(0, 12));
});

test("the hydrated page changes its table without a reload and keeps the focus", { tag: "@js" }, async ({ page }) => {
  await open(page, "/cookies");
  await markDocument(page);
  await setCookie(page, { name: "fruit", value: "plum", signed: true });
  await expect(page.getByRole("button", { name: "Set cookie" })).toBeFocused();

  const tamper = page.getByRole("button", { name: "Tamper with fruit" });
  await tamper.focus();
  await page.keyboard.press("Enter");
  await expect(row(page, "fruit")).toContainText("the server ignores it");
  await expect(tamper).toBeFocused();

  await page.getByRole("button", { name: "Delete fruit" }).focus();
  await page.keyboard.press("Enter");
  await expect(row(page, "fruit")).toHaveCount(0);
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

/** A cookie as the browser keeps it. */
async function stored(page: Page, name: string): Promise<Cookie | undefined> {
  return (await page.context().cookies()).find((cookie) => cookie.name === name);
}

/** The row of a cookie in the table. */
function row(page: Page, name: string) {
  return page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
}

async function expectCookie(page: Page, name: string, text: string | RegExp, state: string) {
  await expect(row(page, name).getByRole("cell").first()).toHaveText(text);
  await expect(row(page, name)).toContainText(state);
  await hydrated(page);
}
