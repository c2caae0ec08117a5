import type { Page } from "@playwright/test";

import { expect, submit } from "./fixtures";

export function form(page: Page, name: string) {
  return page.getByRole("form", { name });
}

/** Stores a value under a key and waits until the page lists it. */
export async function setValue(page: Page, key: string, value: string) {
  const set = form(page, "Set a value");
  await set.getByLabel("Key").fill(key);
  await set.getByLabel("Value").fill(value);
  await submit(set.getByRole("button", { name: "Set" }));
  await expect(valueRow(page, key)).toBeVisible();
}

/** The list item of a stored value, with its size and its remove button. */
export function valueRow(page: Page, key: string) {
  const heading = page.getByRole("heading", { name: key, exact: true });
  return page.getByRole("listitem").filter({ has: heading });
}

/** A detail of the session, found by its label. */
export function sessionDetail(page: Page, name: string) {
  const terms = page.getByRole("region", { name: "Details" }).getByRole("term");
  return terms.filter({ hasText: new RegExp(`^${name}$`) }).locator("xpath=following-sibling::dd[1]");
}

export function logEntries(page: Page) {
  return page.getByRole("region", { name: "Log" }).getByRole("listitem");
}
