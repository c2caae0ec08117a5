import { type APIRequestContext, type BrowserContext, chromium, expect, test } from "@playwright/test";
import lighthouse from "lighthouse";

import { installedChromium } from "./chromium.js";
import { demo } from "./fixtures";
import { debuggingPort, releaseServer } from "./servers";

/** These must be 100 for every page. Performance is only printed: it depends on how fast the machine is. */
const perfect = ["accessibility", "best-practices", "seo"];
/** Two parts of it do not: nothing on a page moves while it loads, and a page transfers fewer bytes than this. */
const mostBytes = 600_000;

/** Lighthouse opens its pages in the context that the browser began with, which Playwright gives only as a persistent one. */
let browser: BrowserContext;
const rows: Record<string, number | string>[] = [];

test.beforeAll(async () => {
  browser = await chromium.launchPersistentContext("", {
    executablePath: installedChromium(),
    args: [`--remote-debugging-port=${debuggingPort}`, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
  });
});

// Lighthouse keeps cookies: those of the last page would be sent along with this one's.
test.beforeEach(() => browser.clearCookies());

test.afterAll(async () => {
  await browser.close();
  console.table(rows);
});

for (const path of ["/", "/visits", "/session", "/cookies", "/login", "/register"]) {
  test(`${path} is as good as it gets on a phone`, () => expectGood(path));
}

// <shop>
test("a product is as good as it gets on a phone", () => expectGood("/products/1"));

test("a filled cart is as good as it gets on a phone", async ({ request }) => {
  expect((await request.post("/api/cart/add", { form: { product: 1 } })).status()).toBe(200);
  await takeCookies(request);
  await expectGood("/cart");
});

test("the orders are as good as they get on a phone", async ({ request }) => {
  await signIn(request);
  await expectGood("/orders");
});
// </shop>

test("the account is as good as it gets on a phone", async ({ request }) => {
  await signIn(request);
  await expectGood("/account");
});

async function signIn(request: APIRequestContext) {
  expect((await request.post("/api/auth/login", { form: demo })).status()).toBe(200);
  await takeCookies(request);
}

async function takeCookies(request: APIRequestContext) {
  await browser.addCookies((await request.storageState()).cookies);
}

/** Lighthouse's own profile of a phone: a slow network, and a processor slowed down to a quarter. */
async function expectGood(path: string) {
  const result = await lighthouse(`${releaseServer}${path}`, {
    port: debuggingPort,
    onlyCategories: [...perfect, "performance"],
    logLevel: "error",
  });
  if (!result) throw new Error("Lighthouse has no result");
  const { audits, categories, finalDisplayedUrl, runtimeError } = result.lhr;
  expect(runtimeError).toBeUndefined();
  expect(new URL(finalDisplayedUrl).pathname, "not redirected").toBe(path);

  const metric = (name: string) => audits[name]?.displayValue?.replace(/\s/g, " ") ?? "";
  rows.push({
    path,
    ...Object.fromEntries(Object.entries(categories).map(([name, { score }]) => [name, Math.round((score ?? 0) * 100)])),
    FCP: metric("first-contentful-paint"),
    LCP: metric("largest-contentful-paint"),
    TBT: metric("total-blocking-time"),
    CLS: metric("cumulative-layout-shift"),
    bytes: audits["total-byte-weight"]?.numericValue ?? NaN,
  });

  for (const name of perfect) {
    const failed = categories[name]?.auditRefs
      .filter(({ id, weight }) => weight > 0 && (audits[id]?.score ?? 1) < 1)
      .map(({ id }) => `${id}: ${audits[id]?.title} ${metric(id)}`);
    expect(categories[name]?.score, `${name} of ${path}; not passed: ${failed?.join("; ")}`).toBe(1);
  }
  expect(audits["cumulative-layout-shift"]?.numericValue, `layout shift of ${path}`).toBe(0);
  expect(audits["total-byte-weight"]?.numericValue, `bytes of ${path}`).toBeLessThan(mostBytes);
}
