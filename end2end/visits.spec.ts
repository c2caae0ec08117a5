import type { Page } from "@playwright/test";

import {
  expect,
  expectMessage,
  expectNoMessage,
  expectSameDocument,
  markDocument,
  open,
  submit,
  test,
  waitForHydration,
} from "./fixtures";

test("the counter starts at 1", async ({ page }) => {
  await open(page, "/visits");
  await expectVisits(page, "1 visit");
});

test("each reload counts as a visit", async ({ page }) => {
  await open(page, "/visits");
  for (const visits of ["2 visits", "3 visits"]) {
    await page.reload();
    await expectVisits(page, visits);
    await waitForHydration(page);
    await expectVisits(page, visits);
  }
});

test("after a session has ended, the next visit starts a new one", { tag: "@js" }, async ({ page, allowConsole }) => {
  allowConsole(/status of 401 .*api\/visits\/record/);
  await open(page, "/visits");
  await page.getByRole("link", { name: "Catalogue" }).click();
  // Ends the session from outside the page, which keeps its cookie.
  const cookies = await page.context().cookies();
  await page.request.post("/api/auth/logout");
  await page.context().addCookies(cookies);
  await page.getByRole("link", { name: "Visits" }).click();
  await expectVisits(page, "1 visit");
});

test("each return to the page counts as a visit", async ({ page, js }) => {
  await open(page, "/visits");
  await markDocument(page);
  for (const visits of ["2 visits", "3 visits"]) {
    await page.getByRole("link", { name: "Catalogue" }).click();
    await expect(page).toHaveURL("/");
    await page.getByRole("link", { name: "Visits" }).click();
    await expectVisits(page, visits);
  }
  if (js) await expectSameDocument(page);
});

test("other pages do not count as visits", async ({ page }) => {
  await open(page, "/visits");
  await open(page, "/");
  await open(page, "/login");
  await open(page, "/visits");
  await expectVisits(page, "2 visits");
});

test("the counter starts again after a reset", async ({ page, js }) => {
  await open(page, "/visits");
  await page.reload();
  await waitForHydration(page);
  await markDocument(page);
  await submit(page.getByRole("button", { name: "Reset" }));

  if (js) {
    await expectVisits(page, "0 visits");
    await expectSameDocument(page);
    await page.reload();
  }
  await expectVisits(page, "1 visit");
});

test("the reset is announced once", async ({ page }) => {
  await open(page, "/visits");
  await submit(page.getByRole("button", { name: "Reset" }));
  await expectMessage(page, "The counter has been reset.");
  await page.getByRole("link", { name: "Catalogue" }).click();
  await expect(page).toHaveURL("/");
  await expectNoMessage(page);
  await page.getByRole("link", { name: "Visits" }).click();
  await expect(page).toHaveURL("/visits");
  await expectNoMessage(page);
});

async function expectVisits(page: Page, visits: string) {
  await expect(page.getByRole("main").getByText(visits, { exact: true })).toBeVisible();
}
