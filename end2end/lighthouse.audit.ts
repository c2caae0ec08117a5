import { type APIRequestContext, type BrowserContext, chromium, expect, test } from "@playwright/test";
import lighthouse from "lighthouse";

import { installedChromium } from "./chromium.js";
import { demo } from "./fixtures";
import { debuggingPort, releaseServer } from "./servers";

/** Categories that must score 100 on every page. Performance is only printed, because it depends on the machine. */
const requiredCategories = ["accessibility", "best-practices", "seo"];
/** The maximum that a page transfers. */
const maxBytes = 600_000;

/** A persistent context, because Lighthouse opens its pages in the browser's default context. */
let browser: BrowserContext;
const rows: Record<string, number | string>[] = [];

test.beforeAll(async () => {
  browser = await chromium.launchPersistentContext("", {
    executablePath: installedChromium(),
    args: [`--remote-debugging-port=${debuggingPort}`, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
  });
});

// Lighthouse keeps the cookies of earlier pages.
test.beforeEach(() => browser.clearCookies());

test.afterAll(async () => {
  await browser.close();
  console.table(rows);
});

const paths = [
  "/",
  "/login",
  "/register",
  // <visits>
  "/visits",
  // </visits>
  // <explorer>
  "/session",
  // </explorer>
  // <cookies>
  "/cookies",
  // </cookies>
];
for (const path of paths) {
  test(`${path} passes the audit on a phone`, () => expectAuditPasses(path));
}

// <shop>
test("a product's page passes the audit on a phone", () => expectAuditPasses("/products/1"));

test("a filled cart passes the audit on a phone", async ({ request }) => {
  expect((await request.post("/api/cart/add", { form: { product: 1 } })).status()).toBe(200);
  await copyCookies(request);
  await expectAuditPasses("/cart");
});

test("the list of orders passes the audit on a phone", async ({ request }) => {
  await signIn(request);
  await expectAuditPasses("/orders");
});
// </shop>

test("the account page passes the audit on a phone", async ({ request }) => {
  await signIn(request);
  await expectAuditPasses("/account");
});

async function signIn(request: APIRequestContext) {
  expect((await request.post("/api/auth/login", { form: demo })).status()).toBe(200);
  await copyCookies(request);
}

async function copyCookies(request: APIRequestContext) {
  await browser.addCookies((await request.storageState()).cookies);
}

/** Audits a page as on a phone with a slow network and CPU, which is Lighthouse's default. */
async function expectAuditPasses(path: string) {
  const result = await lighthouse(`${releaseServer}${path}`, {
    port: debuggingPort,
    onlyCategories: [...requiredCategories, "performance"],
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

  for (const name of requiredCategories) {
    const failed = categories[name]?.auditRefs
      .filter(({ id, weight }) => weight > 0 && (audits[id]?.score ?? 1) < 1)
      .map(({ id }) => `${id}: ${audits[id]?.title} ${metric(id)}`);
    expect(categories[name]?.score, `${name} of ${path}; not passed: ${failed?.join("; ")}`).toBe(1);
  }
  expect(audits["cumulative-layout-shift"]?.numericValue, `layout shift of ${path}`).toBe(0);
  expect(audits["total-byte-weight"]?.numericValue, `bytes of ${path}`).toBeLessThan(maxBytes);
}
