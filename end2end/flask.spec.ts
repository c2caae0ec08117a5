// What the tutorials on Flask's sessions teach, row by row: each test is named after the lines that one would write there.

import type { Page, Response } from "@playwright/test";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { fact, form, happened, row, setValue } from "./explorer";
import { demo, expect, expectVisitor, hydrated, open, signIn, signOut, submit, test } from "./fixtures";
import { ownServer, start } from "./servers";
// <shop>
import { addToCart, expectCartItems } from "./shop";
// </shop>

test("session['visits'] = session.get('visits', 0) + 1: counts on each refresh, from 1", async ({ page }) => {
  await open(page, "/visits");
  for (const visits of ["1 visit", "2 visits", "3 visits"]) {
    await expect(page.getByRole("main").getByText(visits, { exact: true })).toBeVisible();
    await page.reload();
    await hydrated(page);
  }
});

test("session.pop('visits', None): the counter starts again from 1", async ({ page, js }) => {
  await open(page, "/visits");
  await page.reload();
  await hydrated(page);
  await submit(page.getByRole("button", { name: "Reset" }));
  // The plain form has led back to the page, which counts.
  if (js) {
    await expect(page.getByRole("main").getByText("0 visits", { exact: true })).toBeVisible();
    await page.reload();
  }
  await expect(page.getByRole("main").getByText("1 visit", { exact: true })).toBeVisible();
});

test("session['username'], welcome by name, session.pop('username')", async ({ page }) => {
  await open(page, "/login");
  await expectVisitor(page, "Guest");
  await signIn(page);
  await expectVisitor(page, demo.name);
  await hydrated(page);
  await signOut(page);
  await expectVisitor(page, "Guest");
});

test("session['email'] = request.form['email']: a value from a form is kept", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  await open(page, "/visits");
  await open(page, "/session");
  await expect(row(page, "email")).toContainText('"ada@example.com"');
});

test("session.get(key), key in session, del session[key]", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  const get = form(page, "Get a value");
  await get.getByLabel("Key").fill("email");
  await get.getByRole("button", { name: "Get" }).click();
  await expect(get).toContainText('"ada@example.com"');
  await expect(page).toHaveURL("/session?key=email");
  await hydrated(page);
  await submit(row(page, "email").getByRole("button", { name: "Remove email" }));
  await expect(row(page, "email")).toHaveCount(0);
  await expect(get).toContainText("There is no value with the key email.");
});

test("session.clear(): a clean slate, and the next write is a new session with a new id", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  const before = await sessionCookie(page);
  await submit(page.getByRole("button", { name: "Clear the session" }));
  await expect(row(page, "email")).toHaveCount(0);
  await hydrated(page);
  await setValue(page, "name", "Ada");
  await expect(row(page, "email")).toHaveCount(0);
  expect((await sessionCookie(page))?.value).not.toBe(before?.value);
  await expect(happened(page).last()).toContainText("The session was created.");
});

test("{% if 'name' in session %}: parts of a page show by session state, in the first HTML", async ({ page }) => {
  await open(page, "/login");
  await signIn(page);
  await expectVisitor(page, demo.name);
  const html = await (await page.request.get("/session")).text();
  expect(html).toContain("Sign out");
  await hydrated(page);
  await signOut(page);
  await expectVisitor(page, "Guest");
  expect(await (await page.request.get("/session")).text()).not.toContain("Sign out");
});

test("session.permanent = True: 31 days, else until the browser closes", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  expect((await sessionCookie(page))?.expires).toBe(-1);
  await submit(page.getByRole("button", { name: "Remember me" }));
  await expect(page.getByRole("button", { name: "Remember me" })).toHaveAttribute("aria-pressed", "true");
  const days = (((await sessionCookie(page))?.expires ?? 0) - Date.now() / 1_000) / 86_400;
  expect(Math.round(days)).toBe(31);
  await hydrated(page);
  await submit(page.getByRole("button", { name: "Until the browser closes" }));
  await expect(page.getByRole("button", { name: "Remember me" })).toHaveAttribute("aria-pressed", "false");
  expect((await sessionCookie(page))?.expires).toBe(-1);
});

test("the pineapples, 10 and then 100: a nested change is saved without session.modified", async ({ page }) => {
  await open(page, "/session");
  for (const count of ["10", "100"]) {
    await hydrated(page);
    const pineapples = form(page, "Change something nested");
    await pineapples.getByLabel("Pineapples").fill(count);
    await submit(pineapples.getByRole("button", { name: "Save" }));
    await expect(row(page, "pantry")).toContainText(`"pineapples": ${count}`);
  }
  await page.reload();
  await expect(row(page, "pantry")).toContainText('"pineapples": 100');
});

test("app.secret_key: the same key keeps sessions over a restart, another one ends them, a ring keeps them", async ({ page }) => {
  const url = ownServer(test.info().parallelIndex);
  const folder = mkdtempSync(path.join(tmpdir(), "satchel-flask-"));
  const key = () => randomBytes(64).toString("base64");
  const [old, fresh, other] = [key(), key(), key()];
  const withKeys = async (keys: string, check: () => Promise<void>) => {
    const stop = await start(url, folder, keys);
    try {
      await check();
    } finally {
      // Off the server before it stops: an open page would complain.
      await page.goto("about:blank");
      await stop();
    }
  };
  const keeps = async () => {
    await open(page, `${url}/session`);
    await expect(row(page, "email")).toContainText('"ada@example.com"');
  };
  try {
    await withKeys(old, async () => {
      await open(page, `${url}/session`);
      await setValue(page, "email", "ada@example.com");
    });
    await withKeys(old, keeps);
    await withKeys(`${fresh},${old}`, keeps);
    await withKeys(fresh, keeps);
    await withKeys(other, async () => {
      await open(page, `${url}/session`);
      await expect(page.getByText(/You do not have a session yet/)).toBeVisible();
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a signed cookie: one that was tampered with is dropped, and a new session begins", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  const cookie = (await sessionCookie(page))!;
  expect(cookie.httpOnly).toBe(true);
  const last = cookie.value.endsWith("A") ? "B" : "A";
  await page.context().addCookies([{ ...cookie, value: cookie.value.slice(0, -1) + last }]);
  await open(page, "/session");
  await expect(page.getByText(/You do not have a session yet/)).toBeVisible();
  expect(await sessionCookie(page)).toBeUndefined();
  await setValue(page, "name", "Ada");
  expect((await sessionCookie(page))?.value).not.toBe(cookie.value);
});

test("not 4 KB in a cookie: the session holds 100 KB while the cookie stays under 200 bytes", async ({ page }) => {
  await open(page, "/session");
  const set = form(page, "Set a value");
  await set.getByLabel("Key").fill("large");
  await set.getByLabel("Value").fill("x".repeat(100 * 1_024));
  await submit(set.getByRole("button", { name: "Set" }));
  await expect(row(page, "large")).toContainText("102.4 kB");
  await expect(fact(page, "Size")).toHaveText("102.4 kB");
  const cookie = (await sessionCookie(page))!;
  expect(`${cookie.name}=${cookie.value}`.length).toBeLessThan(200);
});

test("the cookie is sent only when the session is new or changed, and the page says why", async ({ page }) => {
  const answers: Response[] = [];
  page.on("response", (response) => answers.push(response));
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  await expect(happened(page).filter({ hasText: "The cookie was sent: the session was new." })).toHaveCount(1);
  await hydrated(page);
  await submit(page.getByRole("button", { name: "Renew the id" }));
  await expect(happened(page).filter({ hasText: "The cookie was sent: the id was new." })).toHaveCount(1);
  await page.reload();
  await expect(happened(page).first()).toContainText("The cookie was not sent");
  const sent = await Promise.all(answers.map((answer) => answer.headerValue("set-cookie")));
  const paths = answers.filter((_, index) => sent[index]).map((answer) => new URL(answer.url()).pathname);
  expect(paths).toEqual(["/api/session/set", "/api/session/renew"]);
});

test("SESSION_TYPE = 'sqlalchemy': sessions lie in a database and outlive the server", async ({ page }) => {
  const url = ownServer(test.info().parallelIndex);
  const folder = mkdtempSync(path.join(tmpdir(), "satchel-flask-"));
  const keys = randomBytes(64).toString("base64");
  try {
    let stop = await start(url, folder, keys);
    await open(page, `${url}/visits`);
    await page.goto("about:blank");
    await stop();
    stop = await start(url, folder, keys);
    await open(page, `${url}/visits`);
    await expect(page.getByRole("main").getByText("2 visits", { exact: true })).toBeVisible();
    await page.goto("about:blank");
    await stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

// <shop>
test("a shopping cart by session id: each visitor has one", async ({ page, browser }) => {
  await open(page, "/");
  await addToCart(page, "Canvas satchel", 2);
  await expectCartItems(page, 2);
  const stranger = await (await browser.newContext()).newPage();
  await open(stranger, "/");
  await expectCartItems(stranger, 0);
  await stranger.context().close();
});
// </shop>

async function sessionCookie(page: Page) {
  const cookies = await page.context().cookies();
  return cookies.find((cookie) => cookie.name === "id");
}
