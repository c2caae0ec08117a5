import { type APIRequestContext, type Browser, chromium, expect, test } from "@playwright/test";
import lighthouse from "lighthouse";

import { installedChromium } from "./chromium.js";
import { demo } from "./fixtures";
import { debuggingPort, releaseServer } from "./servers";

/** These must be 100 for every page. Performance is only printed: it depends on how fast the machine is. */
const perfect = ["accessibility", "best-practices", "seo"];
/** Two parts of it do not: nothing on a page moves while it loads, and a page transfers fewer bytes than this. */
const mostBytes = 500_000;

let browser: Browser;
const rows: Record<string, number | string>[] = [];

test.beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: installedChromium(),
    args: [`--remote-debugging-port=${debuggingPort}`, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
  });
});

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
  await expectGood("/cart", await cookies(request));
});

test("the orders are as good as they get on a phone", async ({ request }) => {
  await signIn(request);
  await expectGood("/orders", await cookies(request));
});
// </shop>

test("the account is as good as it gets on a phone", async ({ request }) => {
  await signIn(request);
  await expectGood("/account", await cookies(request));
});

async function signIn(request: APIRequestContext) {
  expect((await request.post("/api/auth/login", { form: demo })).status()).toBe(200);
}

async function cookies(request: APIRequestContext) {
  const { cookies } = await request.storageState();
  return cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
}

/** Lighthouse's own profile of a phone: a slow network, and a processor slowed down to a quarter. */
async function expectGood(path: string, cookie?: string) {
  const result = await lighthouse(`${releaseServer}${path}`, {
    port: debuggingPort,
    onlyCategories: [...perfect, "performance"],
    logLevel: "error",
    ...(cookie && { extraHeaders: { Cookie: cookie } }),
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
