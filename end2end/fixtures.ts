import AxeBuilder from "@axe-core/playwright";
import { type BrowserContext, expect, type Locator, type Page, test as base } from "@playwright/test";
import { randomUUID } from "node:crypto";

export { expect };

/** The public account, which exists outside production only. */
export const demo = { name: "Demo", email: "demo@example.com", password: "keep-it-in-the-satchel" };

export type Account = { name: string; email: string; password: string };

type Fixtures = {
  /** A new account for this test. */
  account: Account;
  /** Whether this project's browser runs JavaScript. */
  js: boolean;
  /** Allows console messages that match, in the form "type: text (URL)". Chromium itself logs each 4xx response. */
  allowConsole: (message: RegExp) => void;
  consoleMessages: ConsoleMessages;
};

type ConsoleMessages = { seen: string[]; allowed: RegExp[] };

export const test = base.extend<Fixtures>({
  account: async ({ request }, use) => {
    const account = { name: "Ada", email: `${randomUUID()}@example.com`, password: "three-words-at-least" };
    const response = await request.post("/api/auth/register", { form: account, headers: { accept: "application/json" } });
    expect(response.status()).toBe(200);
    // Registering signs in too, but no browser of the test has this session.
    await request.post("/api/auth/logout");
    await use(account);
  },

  js: async ({}, use) => use(javaScriptEnabled()),

  allowConsole: async ({ consoleMessages }, use) => {
    await use((message) => consoleMessages.allowed.push(message));
  },

  // Fails a test that causes unexpected errors or warnings in the console of any browser context.
  consoleMessages: [
    async ({ browser }, use) => {
      const messages: ConsoleMessages = { seen: [], allowed: [] };
      const listen = (context: BrowserContext) => collectConsoleMessages(context, messages.seen);
      browser.on("context", listen);
      await use(messages);
      browser.off("context", listen);

      const unexpected = messages.seen.filter((text) => !messages.allowed.some((pattern) => pattern.test(text)));
      expect(unexpected, "errors and warnings in the browser's console").toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until the page is hydrated. Returns at once without JavaScript. */
export async function waitForHydration(page: Page) {
  if (!javaScriptEnabled()) return;
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
}

/** Opens a page and waits until it is hydrated. */
export async function open(page: Page, path: string) {
  await page.goto(path);
  await waitForHydration(page);
}

/** Clicks a form's button and waits for the response. */
export async function submit(button: Locator) {
  await waitForSubmission(button.page(), () => button.click());
}

/** Runs an action that submits a form, and waits for the response, or for the next page without JavaScript. */
export async function waitForSubmission(page: Page, action: () => Promise<void>) {
  const result = javaScriptEnabled()
    ? page.waitForResponse((response) => response.request().method() === "POST")
    : page.waitForEvent("domcontentloaded");
  await action();
  await result;
}

/** Signs in on the sign-in page, by default with the demo account. */
export async function signIn(page: Page, { email, password }: Account = demo) {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await submit(page.getByRole("main").getByRole("button", { name: "Sign in" }));
}

/** Opens a private page, and signs in on the way. */
export async function openSignedIn(page: Page, account: Account, path: string) {
  await open(page, path);
  await signIn(page, account);
  await expect(page).toHaveURL(path);
  await expectVisitor(page, account.name);
  await waitForHydration(page);
}

/** Signs out with the button in the header. */
export async function signOut(page: Page) {
  await submit(page.getByRole("banner").getByRole("button", { name: "Sign out" }));
}

/** Expects the visitor's name in the header, with a button to sign out unless it is "Guest". */
export async function expectVisitor(page: Page, name: string) {
  const header = page.getByRole("banner");
  await expect(header.getByText(name, { exact: true })).toBeVisible();
  await expect(header.getByRole("button", { name: "Sign out" })).toHaveCount(name === "Guest" ? 0 : 1);
}

/** Stores a value in the session, which is created if there is none. */
export async function beginSession(page: Page, address = "") {
  await open(page, `${address}/login`);
  await submit(page.getByRole("button", { name: "Dark", exact: true }));
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await waitForHydration(page);
}

/** The session cookie that the browser stores. */
export async function sessionCookie(page: Page) {
  return (await page.context().cookies()).find(({ name }) => name === "id");
}

/** Expects a success message in the live region, from which screen readers announce it. */
export async function expectMessage(page: Page, text: string) {
  await expect(page.getByRole("status").getByText(text, { exact: true })).toBeVisible();
}

export async function expectNoMessage(page: Page) {
  await expect(page.getByRole("status")).toBeEmpty();
}

export function errors(page: Page | Locator) {
  return page.getByRole("alert").filter({ hasText: /\S/ });
}

type Visitor = { user: unknown; session?: { unused: number } };

/** Changes the responses to the page's own requests for the visitor. They are not sent to the server, because a request that runs when the test ends would fail. */
export async function overrideVisitor(page: Page, change: (visitor: Visitor) => Visitor) {
  const response = await page.request.get("/api/visitor/peek", { headers: { accept: "application/json" } });
  const visitor = change(await response.json());
  await page.route("**/api/visitor/peek", (route) => route.fulfill({ json: visitor }));
}

export async function markDocument(page: Page) {
  await page.locator("html").evaluate((root) => root.setAttribute("data-marked", ""));
}

/** Expects that no page was loaded since {@link markDocument}. */
export async function expectSameDocument(page: Page) {
  await expect(page.locator("html")).toHaveAttribute("data-marked");
}

/** Expects no axe violations on the current page. Needs JavaScript, because axe runs inside the page. */
export async function expectNoAxeViolations(page: Page, axe = new AxeBuilder({ page })) {
  const { violations } = await axe.analyze();
  const findings = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help} (${node.target.join(" ")})`),
  );
  expect(findings, "axe violations").toEqual([]);
}

function javaScriptEnabled() {
  return test.info().project.use.javaScriptEnabled !== false;
}

function collectConsoleMessages(context: BrowserContext, seen: string[]) {
  context.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    seen.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => seen.push(`uncaught: ${error.error().stack ?? error.error().message}`));
}
