import type { Page } from "@playwright/test";

import { expect, submit } from "./fixtures";

/** A form of the session explorer, by its heading. */
export function form(page: Page, name: string) {
  return page.getByRole("form", { name });
}

/** Keeps a value under a key. */
export async function setValue(page: Page, key: string, value: string) {
  const set = form(page, "Set a value");
  await set.getByLabel("Key").fill(key);
  await set.getByLabel("Value").fill(value);
  await submit(set.getByRole("button", { name: "Set" }));
  await expect(row(page, key)).toBeVisible();
}

/** What is kept under a key, with its size and its button. */
export function row(page: Page, key: string) {
  const heading = page.getByRole("heading", { name: key, exact: true });
  return page.getByRole("listitem").filter({ has: heading });
}

/** A fact about the session, by what it is called. */
export function fact(page: Page, name: string) {
  const terms = page.getByRole("region", { name: "Details" }).getByRole("term");
  return terms.filter({ hasText: new RegExp(`^${name}$`) }).locator("xpath=following-sibling::dd[1]");
}

/** What happened, the latest first. */
export function happened(page: Page) {
  return page.getByRole("region", { name: "Log" }).getByRole("listitem");
}
