import {
  beginSession,
  demo,
  errors,
  expect,
  expectMessage,
  expectVisitor,
  open,
  sessionCookie,
  signIn,
  signOut,
  test,
} from "./fixtures";

test("a guest signs in from the home page", async ({ page }) => {
  await open(page, "/");
  await expectVisitor(page, "Guest");
  await page.getByRole("link", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/login");
  await signIn(page);
  await expect(page).toHaveURL("/");
  await expectMessage(page, "Welcome! You are signed in now.");
  await expectVisitor(page, demo.name);
  await expect(page.getByRole("link", { name: "Sign in" })).toHaveCount(0);
});

test("a wrong password is refused with a message and never sent back", async ({ page, allowConsole }) => {
  allowConsole(/status of 401 .*api\/auth\/login/);
  const password = "not-the-password";
  await open(page, "/login");
  await signIn(page, { ...demo, password });
  await expect(errors(page)).toHaveText("Wrong e-mail or password. Please check both and try again.");
  await expect(page.getByLabel("E-mail")).toHaveValue(demo.email);
  await expectVisitor(page, "Guest");
  await expect(page).toHaveURL("/login");
  expect(await page.content()).not.toContain(password);
});

test("an unknown e-mail address gets the same message as a wrong password", async ({ page, allowConsole }) => {
  allowConsole(/status of 401 .*api\/auth\/login/);
  await open(page, "/login");
  await signIn(page, { ...demo, email: "unknown@example.com" });
  await expect(errors(page)).toHaveText("Wrong e-mail or password. Please check both and try again.");
});

test("a missing value or an invalid e-mail address shows an error beside its field", async ({ page, allowConsole }) => {
  allowConsole(/status of 422 .*api\/auth\/login/);
  const missing = "Please fill in this field.";
  const noAddress = "Please enter an e-mail address, such as ada@example.com.";
  await open(page, "/login");
  for (const { email, field, problem } of [
    { email: "", field: "E-mail", problem: missing },
    { email: "demo", field: "E-mail", problem: noAddress },
    { email: demo.email, field: "Password", problem: missing },
  ]) {
    await signIn(page, { ...demo, email, password: "" });
    await expect(page.getByLabel(field)).toHaveAccessibleDescription(problem);
    await expect(page.getByLabel("E-mail")).toHaveValue(email);
    await expect(errors(page)).toHaveCount(1);
  }
});

// Security: 7.4.4
test("after signing out the visitor is a guest", async ({ page, account }) => {
  await open(page, "/login");
  await signIn(page, account);
  await expectVisitor(page, account.name);
  await signOut(page);
  await expectMessage(page, "You have been signed out.");
  await expectVisitor(page, "Guest");
  await page.reload();
  await expectVisitor(page, "Guest");
});

test("signing in returns to the requested page, even after a wrong password", async ({ page, allowConsole }) => {
  allowConsole(/status of 401 .*api\/auth\/login/);
  await open(page, "/login?next=/account");
  await signIn(page, { ...demo, password: "wrong" });
  await expect(errors(page)).toHaveCount(1);
  await signIn(page);
  await expect(page).toHaveURL("/account");
  await expectMessage(page, "Welcome! You are signed in now.");
});

for (const next of ["https://evil.example", "//evil.example", "/\\evil.example"]) {
  // Security: 3.7.2
  test(`signing in does not redirect to ${next}`, async ({ page }) => {
    await open(page, `/login?next=${encodeURIComponent(next)}`);
    await signIn(page);
    await expectVisitor(page, demo.name);
    await expect(page).toHaveURL("/");
  });
}

// Security: 3.3.2
test("the session cookie is HttpOnly, and signing in replaces it", async ({ page }) => {
  await open(page, "/");
  expect(await sessionCookie(page)).toBeUndefined();
  await beginSession(page);
  const guest = await sessionCookie(page);
  expect(guest).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/" });

  await open(page, "/login");
  await signIn(page);
  await expectVisitor(page, demo.name);
  const user = await sessionCookie(page);
  expect(user).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/" });
  expect(user?.value).not.toBe(guest?.value);
});
