// The examples from Flask's session tutorials. Most titles end with the Flask code for the same behaviour.

import type { Response } from "@playwright/test";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { form, logEntries, sessionDetail, setValue, valueRow } from "./explorer";
import { demo, expect, expectVisitor, open, sessionCookie, signIn, signOut, submit, test, waitForHydration } from "./fixtures";
import { startServer, workerServer } from "./servers";
// <shop>
import { addToCart, expectCartItems } from "./shop";
// </shop>

// <visits>
test("each refresh counts as a visit, from 1: session['visits'] = session.get('visits', 0) + 1", async ({ page }) => {
  await open(page, "/visits");
  for (const visits of ["1 visit", "2 visits", "3 visits"]) {
    await expect(page.getByRole("main").getByText(visits, { exact: true })).toBeVisible();
    await page.reload();
    await waitForHydration(page);
  }
});
// </visits>

// <visits>
test("a reset starts the counter again from 1: session.pop('visits', None)", async ({ page, js }) => {
  await open(page, "/visits");
  await page.reload();
  await waitForHydration(page);
  await submit(page.getByRole("button", { name: "Reset" }));
  // Without JavaScript the form leads back to the page, which counts as a visit.
  if (js) {
    await expect(page.getByRole("main").getByText("0 visits", { exact: true })).toBeVisible();
    await page.reload();
  }
  await expect(page.getByRole("main").getByText("1 visit", { exact: true })).toBeVisible();
});
// </visits>

test("the header shows the user's name until the user signs out: session['username'], session.pop('username')", async ({ page }) => {
  await open(page, "/login");
  await expectVisitor(page, "Guest");
  await signIn(page);
  await expectVisitor(page, demo.name);
  await waitForHydration(page);
  await signOut(page);
  await expectVisitor(page, "Guest");
});

test("a value from a form is stored: session['email'] = request.form['email']", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  await open(page, "/login");
  await open(page, "/session");
  await expect(valueRow(page, "email")).toContainText('"ada@example.com"');
});

test("a value can be read and removed: session.get(key), key in session, del session[key]", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  const get = form(page, "Get a value");
  await get.getByLabel("Key").fill("email");
  await get.getByRole("button", { name: "Get" }).click();
  await expect(get).toContainText('"ada@example.com"');
  await expect(page).toHaveURL("/session?key=email");
  await waitForHydration(page);
  await submit(valueRow(page, "email").getByRole("button", { name: "Remove email" }));
  await expect(valueRow(page, "email")).toHaveCount(0);
  await expect(get).toContainText("There is no value with the key email.");
});

test("clearing removes all values, and the next write creates a new session: session.clear()", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  const before = await sessionCookie(page);
  await submit(page.getByRole("button", { name: "Clear the session" }));
  await expect(valueRow(page, "email")).toHaveCount(0);
  await waitForHydration(page);
  await setValue(page, "name", "Ada");
  await expect(valueRow(page, "email")).toHaveCount(0);
  expect((await sessionCookie(page))?.value).not.toBe(before?.value);
  await expect(logEntries(page).last()).toContainText("The session was created.");
});

test("the first HTML depends on the session: {% if 'name' in session %}", async ({ page }) => {
  await open(page, "/login");
  await signIn(page);
  await expectVisitor(page, demo.name);
  const html = await (await page.request.get("/session")).text();
  expect(html).toContain("Sign out");
  await waitForHydration(page);
  await signOut(page);
  await expectVisitor(page, "Guest");
  expect(await (await page.request.get("/session")).text()).not.toContain("Sign out");
});

test("the cookie lasts 31 days or until the browser closes: session.permanent = True", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  expect((await sessionCookie(page))?.expires).toBe(-1);
  await submit(page.getByRole("button", { name: "Remember me" }));
  await expect(page.getByRole("button", { name: "Remember me" })).toHaveAttribute("aria-pressed", "true");
  const days = (((await sessionCookie(page))?.expires ?? 0) - Date.now() / 1_000) / 86_400;
  expect(Math.round(days)).toBe(31);
  await waitForHydration(page);
  await submit(page.getByRole("button", { name: "Until the browser closes" }));
  await expect(page.getByRole("button", { name: "Remember me" })).toHaveAttribute("aria-pressed", "false");
  expect((await sessionCookie(page))?.expires).toBe(-1);
});

test("a nested change is saved without session.modified", async ({ page }) => {
  await open(page, "/session");
  for (const count of ["10", "100"]) {
    await waitForHydration(page);
    const pineapples = form(page, "Change something nested");
    await pineapples.getByLabel("Pineapples").fill(count);
    await submit(pineapples.getByRole("button", { name: "Save" }));
    await expect(valueRow(page, "pantry")).toContainText(`"pineapples": ${count}`);
  }
  await page.reload();
  await expect(valueRow(page, "pantry")).toContainText('"pineapples": 100');
});

test("sessions survive a restart and a key rotation, and end with an unknown key: app.secret_key", async ({ page }) => {
  const url = workerServer(test.info().parallelIndex);
  const folder = mkdtempSync(path.join(tmpdir(), "satchel-flask-"));
  const newKey = () => randomBytes(64).toString("base64");
  const [old, fresh, other] = [newKey(), newKey(), newKey()];
  const withKeys = async (keys: string, check: () => Promise<void>) => {
    const stop = await startServer(url, folder, keys);
    try {
      await check();
    } finally {
      // Leaves the server before it stops: an open page would log an error.
      await page.goto("about:blank");
      await stop();
    }
  };
  const expectValue = async () => {
    await open(page, `${url}/session`);
    await expect(valueRow(page, "email")).toContainText('"ada@example.com"');
  };
  try {
    await withKeys(old, async () => {
      await open(page, `${url}/session`);
      await setValue(page, "email", "ada@example.com");
    });
    await withKeys(old, expectValue);
    await withKeys(`${fresh},${old}`, expectValue);
    await withKeys(fresh, expectValue);
    await withKeys(other, async () => {
      await open(page, `${url}/session`);
      await expect(page.getByText(/You do not have a session yet/)).toBeVisible();
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a changed cookie is removed, and the next write creates a new session", async ({ page }) => {
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

test("a session holds 100 KB while its cookie stays under 200 bytes", async ({ page }) => {
  await open(page, "/session");
  const set = form(page, "Set a value");
  await set.getByLabel("Key").fill("large");
  await set.getByLabel("Value").fill("x".repeat(100 * 1_024));
  await submit(set.getByRole("button", { name: "Set" }));
  await expect(valueRow(page, "large")).toContainText("102.4 kB");
  await expect(sessionDetail(page, "Size")).toHaveText("102.4 kB");
  const cookie = (await sessionCookie(page))!;
  expect(`${cookie.name}=${cookie.value}`.length).toBeLessThan(200);
});

test("the cookie is sent only with a new session or a new id, and the page says why", async ({ page }) => {
  const responses: Response[] = [];
  page.on("response", (response) => responses.push(response));
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  await expect(logEntries(page).filter({ hasText: "The cookie was sent: the session was new." })).toHaveCount(1);
  await waitForHydration(page);
  await submit(page.getByRole("button", { name: "Renew the id" }));
  await expect(logEntries(page).filter({ hasText: "The cookie was sent: the id was new." })).toHaveCount(1);
  await page.reload();
  await expect(logEntries(page).first()).toContainText("The cookie was not sent");
  const sent = await Promise.all(responses.map((response) => response.headerValue("set-cookie")));
  const paths = responses.filter((_, index) => sent[index]).map((response) => new URL(response.url()).pathname);
  expect(paths).toEqual(["/api/session/set", "/api/session/renew"]);
});

// <visits>
test("sessions are stored in a database and survive a restart: SESSION_TYPE = 'sqlalchemy'", async ({ page }) => {
  const url = workerServer(test.info().parallelIndex);
  const folder = mkdtempSync(path.join(tmpdir(), "satchel-flask-"));
  const keys = randomBytes(64).toString("base64");
  try {
    let stop = await startServer(url, folder, keys);
    await open(page, `${url}/visits`);
    await page.goto("about:blank");
    await stop();
    stop = await startServer(url, folder, keys);
    await open(page, `${url}/visits`);
    await expect(page.getByRole("main").getByText("2 visits", { exact: true })).toBeVisible();
    await page.goto("about:blank");
    await stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
// </visits>

// <shop>
test("each visitor has their own shopping cart", async ({ page, browser }) => {
  await open(page, "/");
  await addToCart(page, "Canvas satchel", 2);
  await expectCartItems(page, 2);
  const stranger = await (await browser.newContext()).newPage();
  await open(stranger, "/");
  await expectCartItems(stranger, 0);
  await stranger.context().close();
});
// </shop>
