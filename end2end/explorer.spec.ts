import { form, logEntries, sessionDetail, setValue, valueRow } from "./explorer";
import {
  errors,
  expect,
  expectMessage,
  expectSameDocument,
  expectVisitor,
  markDocument,
  open,
  signIn,
  submit,
  test,
  waitForHydration,
} from "./fixtures";
import { expireConfirmation, sharedDatabaseServer } from "./servers";

test("setting a value keeps the page and empties the fields", async ({ page, js }) => {
  await open(page, "/session");
  await markDocument(page);
  await setValue(page, "email", "ada@example.com");
  await expectMessage(page, "The value has been saved.");
  await expect(valueRow(page, "email")).toContainText('"ada@example.com"');
  await expect(valueRow(page, "email")).toContainText("17 bytes");
  await expect(form(page, "Set a value").getByLabel("Key")).toHaveValue("");
  await expect(form(page, "Set a value").getByLabel("Value")).toHaveValue("");
  if (js) await expectSameDocument(page);
});

test("numbers and JSON are parsed, and 007 stays text", async ({ page }) => {
  await open(page, "/session");
  for (const [key, typed, shown] of [
    ["number", "42", "42"],
    ["phone", "007", '"007"'],
    ["json", '{"a":[1]}', '"a": ['],
  ] as const) {
    await setValue(page, key, typed);
    await expect(valueRow(page, key)).toContainText(shown);
  }
});

test("an invalid value shows an error beside its field and keeps the input", async ({ page, allowConsole }) => {
  allowConsole(/status of 422 .*session\/set/);
  await open(page, "/session");
  const set = form(page, "Set a value");
  for (const [key, value, field, problem] of [
    ["", "x", "Key", "Please fill in this field."],
    ["list", "[1, 2", "Value", "This is not valid JSON. Please check brackets, quotes and commas."],
    ["sign_in", "{}", "Key", "This key is used by the app. Please choose another one."],
  ] as const) {
    await set.getByLabel("Key").fill(key);
    await set.getByLabel("Value").fill(value);
    await submit(set.getByRole("button", { name: "Set" }));
    await expect(set.getByLabel(field)).toHaveAccessibleDescription(new RegExp(problem));
    await expect(set.getByLabel(field)).toHaveAttribute("aria-invalid", "true");
    await expect(set.getByLabel("Key")).toHaveValue(key);
    await expect(set.getByLabel("Value")).toHaveValue(value);
  }
  await expect(valueRow(page, "list")).toHaveCount(0);
});

test("values of more than 1 MB are refused with a message", async ({ page, allowConsole }) => {
  allowConsole(/status of 422 .*session\/set/);
  await open(page, "/session");
  const set = form(page, "Set a value");
  await set.getByLabel("Key").fill("large");
  await set.getByLabel("Value").fill("x".repeat(1_000_001));
  await submit(set.getByRole("button", { name: "Set" }));
  await expect(errors(page)).toHaveText("Your values would take more than 1 MB together.");
  await expect(valueRow(page, "large")).toHaveCount(0);
});

test("the idle and absolute timeouts count down in the browser", { tag: "@js" }, async ({ page }) => {
  await page.clock.install();
  await open(page, "/session");
  await setValue(page, "a", "1");
  const idle = page.getByRole("progressbar", { name: /idle timeout/ });
  const whole = page.getByRole("progressbar", { name: /absolute timeout/ });
  await expect(idle).toHaveAccessibleName(/(30 min 0|29 min 5\d) s$/);
  await expect(whole).toHaveAccessibleName(/(12 h 0|11 h 59) min$/);
  const before = Number(await idle.getAttribute("value"));
  await page.clock.fastForward("10:00");
  await expect(idle).toHaveAccessibleName(/(20 min 0|19 min [45]\d) s$/);
  expect(Number(await idle.getAttribute("value"))).toBeLessThanOrEqual(before - 600);
  await page.clock.fastForward("20:01");
  await expect(idle).toHaveAccessibleName(/ 0 s$/);
});

test("without a session the page has no session buttons and says why", async ({ page }) => {
  await open(page, "/session");
  await expect(page.getByText(/You do not have a session yet/)).toBeVisible();
  for (const name of ["Renew the id", "Remember me", "Clear the session"]) {
    await expect(page.getByRole("button", { name })).toHaveCount(0);
  }
  await page.reload();
  await expect(page.getByText(/You do not have a session yet/)).toBeVisible();
  expect(await page.context().cookies()).toEqual([]);
});

test("clearing the session signs out, updates the header and moves the focus", async ({ page, account, js }) => {
  await open(page, "/login?next=/session");
  await signIn(page, account);
  await waitForHydration(page);
  await expect(page.getByText("You will be signed out.")).toBeVisible();
  await submit(page.getByRole("button", { name: "Clear the session" }));
  await expectMessage(page, "Your session has been cleared.");
  await expectVisitor(page, "Guest");
  if (js) await expect(page.getByRole("heading", { name: "Details", exact: true })).toBeFocused();
});

test("after a change of the session's duration every other form shows its own message", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "a", "1");
  await submit(page.getByRole("button", { name: "Remember me" }));
  await expectMessage(page, "Session duration updated.");
  await waitForHydration(page);
  await setValue(page, "b", "2");
  await expectMessage(page, "The value has been saved.");
  await waitForHydration(page);
  const id = await sessionDetail(page, "Id").textContent();
  await submit(page.getByRole("button", { name: "Renew the id" }));
  await expectMessage(page, "Your session has a new id.");
  await expect(sessionDetail(page, "Id")).not.toHaveText(id ?? "");
  await waitForHydration(page);
  await submit(page.getByRole("button", { name: "Clear the session" }));
  await expect(valueRow(page, "b")).toHaveCount(0);
});

test.describe("ten minutes after the password was entered", () => {
  test.use({ baseURL: sharedDatabaseServer });

  // Security: 7.3.2
  test("remembering the session requires the password again", async ({ page, account, allowConsole }) => {
    allowConsole(/status of 403 .*session\/remember/);
    const remember = page.getByRole("button", { name: "Remember me" });
    const hint = page.getByText("To be remembered, please confirm your password first.");
    // Avoids the home page, to which other tests may have added items without pictures.
    await open(page, "/login?next=%2Fsession");
    await signIn(page, account);
    await expectVisitor(page, account.name);
    // Loads the page: after a client-side navigation it would fetch the visitor, and show the hint before the click.
    await open(page, "/session");
    await expect(remember).toHaveAttribute("aria-pressed", "false");
    await expect(hint).toHaveCount(0);
    expireConfirmation(account);
    await submit(remember);
    await expect(hint).toBeVisible();
    await expect(remember).toHaveAttribute("aria-pressed", "false");
    expect(await page.context().cookies()).toMatchObject([{ name: "id", expires: -1 }]);

    await hint.getByRole("link").click();
    const confirm = page.getByRole("region", { name: "Confirm your password" });
    await confirm.getByLabel("Password", { exact: true }).fill(account.password);
    await submit(confirm.getByRole("button", { name: "Confirm" }));
    await expectMessage(page, "Password confirmed. For ten minutes you can change your password and delete your account.");
    await open(page, "/session");
    await expect(hint).toHaveCount(0);
    await submit(remember);
    await expectMessage(page, "Session duration updated.");
    await expect(remember).toHaveAttribute("aria-pressed", "true");
  });
});

test("a theme chosen in the header appears in the session at once", async ({ page }) => {
  await open(page, "/session");
  await submit(page.getByRole("button", { name: "Dark" }));
  await expect(valueRow(page, "theme")).toContainText('"dark"');
});

test("an ended session is shown as missing", { tag: "@js" }, async ({ page }) => {
  await page.clock.install();
  await open(page, "/session");
  await setValue(page, "a", "1");
  // Ends the session from outside the page, with the same cookie.
  await page.request.post("/api/session/clear");
  await page.clock.fastForward("31:00");
  await expect(page.getByText(/You do not have a session yet/)).toBeVisible();
});

test("a value set in one tab appears in another tab", { tag: "@js" }, async ({ page }) => {
  await open(page, "/session");
  const other = await page.context().newPage();
  await open(other, "/session");
  await setValue(page, "email", "ada@example.com");
  await expect(valueRow(other, "email")).toBeVisible();
  await submit(valueRow(other, "email").getByRole("button", { name: "Remove email" }));
  await expect(valueRow(page, "email")).toHaveCount(0);
});

test("the log counts repeated events", async ({ page }) => {
  await open(page, "/session");
  await setValue(page, "a", "1");
  await page.reload();
  await expect(logEntries(page).first()).toContainText("The cookie was not sent");
  await page.reload();
  await expect(logEntries(page).first()).toContainText("times)");
  await expect(logEntries(page).last()).toContainText("The session was created.");
  await expect(sessionDetail(page, "Writes")).toHaveText(/^\d+$/);
});
