// Cookies must not run as scripts (ASVS 3.2.2).

import { errors, expect, open, submit } from "../fixtures";
import { appOrigin, test } from "./hostile";
import { cookieValues, expectNoScripts, payloads } from "./payloads";

const expectTextOnly = expectNoScripts();

test("a cookie that was set on the cookies page is shown as text", async ({ page }) => {
  await open(page, "/cookies");
  for (const value of cookieValues) {
    for (const signed of [false, true]) {
      await page.getByLabel("Name", { exact: true }).fill("fruit");
      await page.getByLabel("Value", { exact: true }).fill(value);
      await page.getByLabel("Sign it").setChecked(signed);
      await submit(page.getByRole("button", { name: "Set cookie" }));
      await expect(page.getByRole("row").filter({ hasText: "fruit" })).toContainText(signed ? `s:${value}.` : value);
      await expectTextOnly(page);
      await open(page, "/cookies");
      await expect(page.getByRole("row").filter({ hasText: "fruit" })).toContainText(signed ? `s:${value}.` : value);
      await expectTextOnly(page);
      await submit(page.getByRole("button", { name: "Tamper with fruit" }));
      await expectTextOnly(page);
    }
  }
});

test("cookies that were set elsewhere are shown as text", async ({ page }) => {
  for (const value of cookieValues) {
    await page.context().clearCookies();
    const name = value.replaceAll("=", ":");
    await page.context().addCookies([
      // The page shows only the name of this one, because it belongs to another app.
      { name, value, url: appOrigin },
      { name: "fruit", value: `lab:${value}`, url: appOrigin },
      { name: "signed", value: `lab:s:${value}.${value}`, url: appOrigin },
      { name: "quoted", value: `lab:"${value}"`, url: appOrigin },
    ]);
    await open(page, "/cookies");
    for (const [name, shown] of [["fruit", value], ["signed", `s:${value}.${value}`], ["quoted", `"${value}"`]] as const) {
      const valueRow = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
      await expect(valueRow).toContainText(shown);
    }
    await expect(page.getByRole("rowheader")).toHaveCount(4);
    await expectTextOnly(page);
  }
});

test("a refused cookie is refilled as text", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d .*cookies\/set/);
  for (const payload of payloads) {
    await open(page, "/cookies");
    for (const label of ["Name", "Value"]) await page.getByLabel(label, { exact: true }).fill(payload);
    await page.getByLabel("Max-Age in seconds").fill(payload);
    await submit(page.getByRole("button", { name: "Set cookie" }));
    await expect(errors(page).first()).toBeVisible();
    await expect(page.getByLabel("Value", { exact: true })).toHaveValue(payload);
    await expect(page.getByLabel("Max-Age in seconds")).toHaveValue(payload);
    await expectTextOnly(page);
  }
});
