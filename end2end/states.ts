import type { Browser, Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

// <explorer>
import { setValue } from "./explorer";
// </explorer>
import { type Account, demo, errors, expect, open, openSignedIn, overrideVisitor, signIn, submit, waitForHydration } from "./fixtures";
import { defaultServer, expireConfirmation, sharedDatabaseServer, signInLimitedServer } from "./servers";
// <visits>
import { expectMessage } from "./fixtures";
import { sessionLimitedServer, sessionsOf, sql } from "./servers";
// </visits>
// <shop>
import { shopStates } from "./shop-states";
// </shop>

/** The fixtures that a state can use. */
export type StateContext = { page: Page; browser: Browser; account: Account };

/** A page in a state that a visitor can see. */
export type State = {
  name: string;
  /** Opens the page and brings it into the state, as a visitor would. */
  prepare: (context: StateContext) => Promise<void>;
  /** The server, if it is not the default one. */
  server?: string;
  /** The state does not exist without JavaScript. */
  jsOnly?: true;
  /** The page has no layout, because it is shown when the server is down. */
  withoutLayout?: true;
  /** The screenshot of the state for the README. */
  picture?: { name: string; project: string; colorScheme: "light" | "dark" };
};

/** Every page in each state that looks different. */
export const states: State[] = [
  // <shop>
  ...shopStates,
  // </shop>
  // <visits>
  {
    name: "the visits",
    prepare: ({ page }) => open(page, "/visits"),
    picture: { name: "visits-phone", project: "phone", colorScheme: "light" },
  },
  {
    name: "the visits after a reset",
    prepare: async ({ page }) => {
      await open(page, "/visits");
      await submit(page.getByRole("button", { name: "Reset" }));
      await expectMessage(page, "The counter has been reset.");
    },
  },
  // </visits>
  // <source>
  {
    name: "the visits with their code",
    prepare: async ({ page }) => {
      await open(page, "/login");
      await page.getByText("How this works").click();
      await expect(page.getByLabel("Code from app/src/auth/sign_in.rs")).toBeVisible();
    },
  },
  // </source>
  // <explorer>
  { name: "the session page without a session", prepare: ({ page }) => open(page, "/session") },
  {
    name: "the session page with long values",
    prepare: async ({ page }) => {
      await open(page, "/session");
      await setValue(page, "list", `{"a": [1, 2], "text": "${"long ".repeat(60)}"}`);
      await setValue(page, "a-key-that-is-rather-long-and-has-no-blanks-in-it", "x".repeat(300));
      await open(page, "/session?key=list");
    },
  },
  {
    name: "the session page",
    prepare: async ({ page }) => {
      // <visits>
      await open(page, "/visits");
      // </visits>
      await open(page, "/session");
      await setValue(page, "favourite", `{"colour": "green", "numbers": [7, 12]}`);
      await open(page, "/session");
    },
    picture: { name: "session", project: "desktop", colorScheme: "light" },
  },
  {
    name: "the session page with an invalid value",
    prepare: async ({ page }) => {
      await open(page, "/session");
      const form = page.getByRole("form", { name: "Set a value" });
      await form.getByLabel("Key").fill("list");
      await form.getByLabel("Value").fill("[1, 2");
      await submit(form.getByRole("button", { name: "Set" }));
      await expect(errors(page)).toHaveText(/not valid JSON/);
      await waitForHydration(page);
    },
  },
  // </explorer>
  // <cookies>
  {
    name: "the cookies page",
    prepare: async ({ page }) => {
      await page.context().addCookies([
        { name: "plain", value: "lab:" + "v".repeat(1_000), url: defaultServer },
        { name: "n".repeat(64), value: "lab:s:changed.signature", url: defaultServer },
      ]);
      await open(page, "/cookies");
      await page.getByLabel("Name", { exact: true }).fill("signed");
      await page.getByLabel("Sign it").check();
      await submit(page.getByRole("button", { name: "Set cookie" }));
      await expect(page.getByRole("row").filter({ hasText: "Signed: the signature is valid" })).toBeVisible();
      await waitForHydration(page);
    },
  },
  { name: "the cookies page without cookies", prepare: ({ page }) => open(page, "/cookies") },
  {
    name: "the cookies page with an invalid cookie",
    prepare: async ({ page }) => {
      await open(page, "/cookies");
      await submit(page.getByRole("button", { name: "Set cookie" }));
      await expect(errors(page)).toHaveCount(1);
      await waitForHydration(page);
    },
  },
  // </cookies>
  { name: "the sign-in page", prepare: ({ page }) => open(page, "/login") },
  { name: "the sign-in page before a private page", prepare: ({ page }) => open(page, "/account") },
  {
    name: "the sign-in page with an invalid field",
    prepare: async ({ page }) => {
      await open(page, "/login");
      await signIn(page, { ...demo, email: "demo", password: "" });
      await expect(errors(page)).toHaveCount(1);
      await waitForHydration(page);
    },
  },
  {
    name: "the sign-in page after too many attempts",
    prepare: async ({ page }) => {
      const email = `${randomUUID()}@example.com`;
      await open(page, "/login");
      for (let number = 0; number < 4; number += 1) {
        await signIn(page, { name: "", email, password: "guess" });
        await expect(errors(page)).toHaveCount(1);
        await waitForHydration(page);
      }
      await expect(errors(page)).toHaveText(/Please try again in 20 minutes/);
    },
    server: signInLimitedServer,
  },
  { name: "the registration page", prepare: ({ page }) => open(page, "/register") },
  {
    name: "the registration page without a name",
    prepare: async ({ page }) => {
      await open(page, "/register");
      await submit(page.getByRole("button", { name: "Create account" }));
      await expect(errors(page)).toHaveCount(1);
      await waitForHydration(page);
    },
  },
  ...(["short", "a-few-words", "a few words and some more"] as const).map(
    (password): State => ({
      name: `the registration page with the password "${password}"`,
      prepare: async ({ page }) => {
        await open(page, "/register");
        await page.getByLabel("Password", { exact: true }).fill(password);
        await expect(page.getByText(/Please use at least|Good\.|Strong\./)).toBeVisible();
      },
      jsOnly: true,
    }),
  ),
  {
    name: "the account page with two devices",
    prepare: async ({ page, browser, account }) => {
      const elsewhere = await (await browser.newContext()).newPage();
      await openSignedIn(elsewhere, account, "/account");
      await elsewhere.context().close();
      await openSignedIn(page, account, "/account");
      await expect(page.getByRole("button", { name: "Sign out everywhere else" })).toBeVisible();
    },
  },
  {
    name: "the account page with a wrong password",
    prepare: async ({ page, account }) => {
      await openSignedIn(page, account, "/account");
      await page.getByLabel("Current password", { exact: true }).fill("wrong");
      await page.getByLabel("New password", { exact: true }).fill("four-words-are-better");
      await submit(page.getByRole("button", { name: "Change password" }));
      await expect(errors(page)).toHaveText("This password is wrong.");
      await waitForHydration(page);
    },
  },
  {
    name: "the account page that asks for the password",
    prepare: async ({ page, account }) => {
      await openSignedIn(page, account, "/account");
      expireConfirmation(account);
      await open(page, "/account");
      await expect(page.getByRole("heading", { name: "Confirm your password" })).toBeVisible();
    },
    server: sharedDatabaseServer,
  },
  {
    name: "the account page before the session ends",
    prepare: async ({ page, account }) => {
      await page.clock.install();
      await openSignedIn(page, account, "/account");
      await overrideVisitor(page, (visitor) => ({ ...visitor, session: { ...visitor.session, unused: 55 } }));
      await page.clock.fastForward("29:05");
      await expect(page.getByRole("button", { name: "Stay signed in" })).toBeVisible();
    },
    jsOnly: true,
  },
  {
    name: "the account page after the session has ended",
    prepare: async ({ page, account }) => {
      await page.clock.install();
      await openSignedIn(page, account, "/account");
      await overrideVisitor(page, (visitor) => ({ ...visitor, user: null, session: undefined }));
      await page.clock.fastForward("29:05");
      await expect(page.getByRole("heading", { name: "Your session has ended" })).toBeVisible();
    },
    jsOnly: true,
  },
  { name: "a page that does not exist", prepare: ({ page }) => open(page, "/nothing-here") },
  {
    name: "a form from another site",
    prepare: async ({ page }) => {
      await page.route("http://evil.test/", (route) =>
        route.fulfill({
          contentType: "text/html",
          body: `<form method="post" action="${defaultServer}/api/preferences/theme"><button name="theme" value="dark">Go</button></form>`,
        }),
      );
      await page.goto("http://evil.test/");
      await page.getByRole("button", { name: "Go" }).click();
      await expect(page.getByRole("heading", { name: "Request from another website" })).toBeVisible();
    },
  },
  // <visits>
  {
    name: "too many new sessions",
    prepare: async ({ page }) => {
      await page.goto(`${sessionLimitedServer}/visits`);
      await page.context().clearCookies();
      await page.goto(`${sessionLimitedServer}/visits`);
      await expect(page.getByText(/Please try again in \d+ minutes/)).toBeVisible();
    },
  },
  {
    name: "a failing database",
    prepare: async ({ page, account }) => {
      await openSignedIn(page, account, "/account");
      const trigger = `away_${randomUUID().replaceAll("-", "_")}`;
      sql(`create trigger ${trigger} before update on sessions when old.${sessionsOf(account)} begin select raise(abort, 'away'); end`);
      await page.goto("/visits");
      await expect(page.getByText(/If you contact us about this/)).toBeVisible();
    },
    server: sharedDatabaseServer,
  },
  {
    name: "a page that failed to load",
    prepare: async ({ page }) => {
      await open(page, "/login");
      await page.route("**/api/visits/record", (route) => route.abort());
      await page.getByRole("link", { name: "Visits" }).click();
      await expect(page.getByRole("heading", { name: "You seem to be offline" })).toBeVisible();
    },
    jsOnly: true,
  },
  // </visits>
  { name: "the page for a server that is down", prepare: async ({ page }) => void (await page.goto("/500.html")), withoutLayout: true },
];

/** Console messages about the error statuses and aborted requests that the states cause. */
export const expectedConsoleMessages = /status of (4\d\d|503) |ERR_FAILED/;
