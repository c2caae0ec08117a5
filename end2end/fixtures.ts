import AxeBuilder from "@axe-core/playwright";
import { test as base, expect, type BrowserContext, type Locator, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";

export { expect };

/** The account that everybody may use, outside production. */
export const demo = { name: "Demo", email: "demo@example.com", password: "keep-it-in-the-satchel" };

/** Who somebody is. */
export type Account = { name: string; email: string; password: string };

type Fixtures = {
  /** An account of this test's own. */
  account: Account;
  /** Whether this project's browser runs JavaScript. */
  js: boolean;
  /** Expects console messages like this one, written "type: text (address)": Chromium logs each 4xx answer itself. */
  allowConsole: (message: RegExp) => void;
  consoleMessages: ConsoleMessages;
};

type ConsoleMessages = { seen: string[]; allowed: RegExp[] };

export const test = base.extend<Fixtures>({
  account: async ({ request }, use) => {
    const account = { name: "Ada", email: `${randomUUID()}@example.com`, password: "three-words-at-least" };
    const answer = await request.post("/api/auth/register", { form: account, headers: { accept: "application/json" } });
    expect(answer.status()).toBe(200);
    // Registering signs in: that was not one of this test's browsers.
    await request.post("/api/auth/logout");
    await use(account);
  },

  js: async ({}, use) => use(javaScriptEnabled()),

  allowConsole: async ({ consoleMessages }, use) => {
    await use((message) => consoleMessages.allowed.push(message));
  },

  // Every test fails on what its browser complains about, also in contexts that it opens itself.
  consoleMessages: [
    async ({ browser }, use) => {
      const messages: ConsoleMessages = { seen: [], allowed: [] };
      const listen = (context: BrowserContext) => collect(context, messages.seen);
      browser.on("context", listen);
      await use(messages);
      browser.off("context", listen);

      const unexpected = messages.seen.filter((text) => !messages.allowed.some((known) => known.test(text)));
      expect(unexpected, "errors and warnings in the browser's console").toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until the page answers to the visitor: at once without JavaScript, after hydration with it. */
export async function hydrated(page: Page) {
  if (!javaScriptEnabled()) return;
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
}

/** Opens a page and waits until it answers to the visitor. */
export async function open(page: Page, path: string) {
  await page.goto(path);
  await hydrated(page);
}

/** Presses a form's button and waits for what comes back: the answer with JavaScript, the next page without it. */
export async function submit(button: Locator) {
  const page = button.page();
  const back = javaScriptEnabled()
    ? page.waitForResponse((response) => response.request().method() === "POST")
    : page.waitForEvent("domcontentloaded");
  await button.click();
  await back;
}

/** Signs in on the sign-in page, as the demo account unless told otherwise. */
export async function signIn(page: Page, { email, password }: Account = demo) {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await submit(page.getByRole("main").getByRole("button", { name: "Sign in" }));
}

/** Signs out by the button in the header. */
export async function signOut(page: Page) {
  await submit(page.getByRole("banner").getByRole("button", { name: "Sign out" }));
}

/** Who is visiting, as the header tells it. */
export async function expectVisitor(page: Page, name: string) {
  const header = page.getByRole("banner");
  await expect(header.getByText(name, { exact: true })).toBeVisible();
  await expect(header.getByRole("button", { name: "Sign out" })).toHaveCount(name === "Guest" ? 0 : 1);
}

/** The message after a form has done its work, in the place from which screen readers announce it. */
export async function expectMessage(page: Page, text: string) {
  await expect(page.getByRole("status").getByText(text, { exact: true })).toBeVisible();
}

/** No message is told. */
export async function expectNoMessage(page: Page) {
  await expect(page.getByRole("status")).toBeEmpty();
}

/** All that the page reports as wrong. */
export function errors(page: Page | Locator) {
  return page.getByRole("alert").filter({ hasText: /\S/ });
}

type Visitor = { user: unknown; session?: { unused: number } };

/** Changes the response when the page asks for the visitor. It is read once: a request that is still running would fail the test's end. */
export async function answerPeek(page: Page, change: (visitor: Visitor) => Visitor) {
  const response = await page.request.get("/api/visitor/peek", { headers: { accept: "application/json" } });
  const visitor = change(await response.json());
  await page.route("**/api/visitor/peek", (route) => route.fulfill({ json: visitor }));
}

/** Marks the document, for {@link expectSameDocument}. */
export async function markDocument(page: Page) {
  await page.locator("html").evaluate((root) => root.setAttribute("data-marked", ""));
}

/** Since it was marked no page was loaded: the hydrated app has changed the one that was there. */
export async function expectSameDocument(page: Page) {
  await expect(page.locator("html")).toHaveAttribute("data-marked");
}

/** No violation of axe's rules on the page as it stands. Only with JavaScript: axe works inside the page. */
export async function expectNoAxeViolations(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const findings = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help} (${node.target.join(" ")})`),
  );
  expect(findings, "axe violations").toEqual([]);
}

function javaScriptEnabled() {
  return test.info().project.use.javaScriptEnabled !== false;
}

function collect(context: BrowserContext, seen: string[]) {
  context.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    seen.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => seen.push(`uncaught: ${error.error().stack ?? error.error().message}`));
}
