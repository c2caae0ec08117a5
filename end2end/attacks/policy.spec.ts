// The content security policy: no page breaks it, and a script that got into a page does not run (ASVS 3.4.3).

import type { BrowserContext, Page } from "@playwright/test";

import { setValue } from "../explorer";
import { errors, expect, hydrated, open, submit } from "../fixtures";
import { usualServer } from "../servers";
import { call, carried, enter, hosts, pages, site, test } from "./hostile";

test.beforeEach(() => test.setTimeout(120_000));

test("no page breaks it for a guest, with its folds open and its forms sent", async ({ page, allowConsole }) => {
  allowConsole(/status of 4\d\d/);
  const violations = await watch(page.context());
  for (const path of await allPages(page)) {
    await open(page, path);
    await unfold(page);
  }
  await sendForms(page);
  expect(violations).toEqual([]);
});

// Security: 3.4.3
test("no page breaks it for who is signed in, with its folds open and its forms sent", async ({ page, account, allowConsole }) => {
  allowConsole(/status of 4\d\d/);
  const violations = await watch(page.context());
  await enter(page, account);
  for (const path of await allPages(page)) {
    await open(page, path);
    await unfold(page);
    await hydrated(page);
  }
  await page.getByRole("link", { name: "Visits" }).click();
  await expect(page).toHaveURL("/visits");
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
test("each answer has a nonce of its own, and allows nothing that is not known", { tag: "@js" }, async ({ page, account }) => {
  await enter(page, account);
  const cookie = await carried(page.context());
  const nonces: string[] = [];
  for (const path of [...(await allPages(page)), ...(await allPages(page))]) {
    for (const as of ["", cookie]) {
      const answer = await fetch(usualServer + path, { headers: { cookie: as }, redirect: "manual" });
      const policy = directives(answer.headers.get("content-security-policy") ?? "");
      expect(policy.get("default-src"), path).toEqual(["'none'"]);
      expect(policy.get("base-uri"), path).toEqual(["'none'"]);
      expect(policy.get("object-src") ?? policy.get("default-src"), path).toEqual(["'none'"]);
      expect(policy.get("frame-ancestors"), path).toEqual(["'none'"]);
      expect([["'self'"], ["'none'"]]).toContainEqual(policy.get("form-action"));
      const allowed = [...policy.values()].flat();
      for (const source of ["'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "data:", "blob:", "http:", "https:"]) {
        expect(allowed, path).not.toContain(source);
      }
      if (answer.status === 303 || answer.status === 302) continue;

      const own = allowed.flatMap((source) => /^'nonce-(.+)'$/.exec(source)?.slice(1) ?? []);
      expect(own, path).toHaveLength(1);
      nonces.push(...own);
      const html = await answer.text();
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
test("what gets into a page does not run, even with a nonce from before", { tag: "@js" }, async ({ page, hostile, allowConsole }) => {
  allowConsole(/Content Security Policy|violates the following|blocked|Refused to|net::ERR_|nothing-here/);
  const called: string[] = [];
  await page.context().exposeBinding("pwned", (_, how: string) => called.push(how));
  const before = await fetch(`${usualServer}/visits`);
  const old = /'nonce-([^']+)'/.exec(before.headers.get("content-security-policy") ?? "")?.[1];
  expect(old).toBeTruthy();
  const evil = hostile.origin(hosts["another site"]);
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
  await page.route("**/visits", async (route) => {
    const response = await fetch(usualServer + new URL(route.request().url()).pathname);
    // Without the app's own scripts, which would not find the page that they have made.
    const page = (await response.text()).replace(/<script[\s\S]*?<\/script>/g, "");
    const html = page.replace("<head>", `<head><base href="${evil}/">`).replace("</body>", `${injected}</body>`);
    await route.fulfill({ status: 200, headers: Object.fromEntries(response.headers), body: html });
  });
  await page.goto("/visits");
  await expect(page.locator("#eval").first()).toBeVisible();
  // What would run later, too.
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "pwned('added')";
    document.body.append(script);
    const image = document.createElement("img");
    image.setAttribute("onerror", "pwned('added handler')");
    image.src = "/nothing-here.png";
    document.body.append(image);
  });
  // A script in the page, and no debugger, tries these.
  await expect.poll(() => page.evaluate(() => document.images.length >= 3 && [...document.images].every((image) => image.complete))).toBe(true);
  await expect(page.evaluate((url) => fetch(url, { mode: "no-cors" }), `${evil}/fetch`)).rejects.toThrow();
  expect(await page.evaluate(() => document.baseURI)).toBe(`${site}/visits`);
  for (const [pressed, directive] of [["#lure", "script-src"], ["#stolen button", "form-action"]] as const) {
    const refused = page.waitForEvent("console", (message) => message.text().includes(directive));
    await page.locator(pressed).first().click({ noWaitAfter: true });
    await refused;
  }
  expect(called).toEqual([]);
  expect(hostile.asked).toEqual([]);
});

/** Notes what breaks the policy, in every page of the browser. Without JavaScript its console tells, which every test looks at. */
async function watch(context: BrowserContext) {
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

/** All pages of docs/interface.md, and one that is not there. */
async function allPages(page: Page) {
  const ids: Record<string, string> = {};
  const cookie = await carried(page.context());
  const visitor = await call(cookie, "/api/visitor/peek");
  expect(visitor.status).toBe(200);
  // <shop>
  ids["/products/{id}"] = "/products/1";
  ids["/orders/{id}"] = visitor.value.user ? `/orders/${await anOrder(cookie)}` : "/orders/1";
  // </shop>
  const all = pages().map((path) => ids[path] ?? path);
  expect(all.length).toBeGreaterThan(6);
  expect(all.filter((path) => path.includes("{"))).toEqual([]);
  return [...all, "/session?key=email", "/nothing-here"];
}

// <shop>
/** An order of the visitor's, placed now where there is none. */
async function anOrder(cookie: string): Promise<string> {
  const { value: orders } = await call(cookie, "/api/orders/list");
  if (orders.length > 0) return orders[0].id;
  await call(cookie, "/api/cart/add", { product: "1" });
  const placed = await call(cookie, "/api/orders/place", { token: "an-order-for-the-policy" });
  expect(placed.status).toBe(200);
  return placed.value.id;
}
// </shop>

/** Opens each fold of the page. */
async function unfold(page: Page) {
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  for (const fold of await page.locator("summary").all()) {
    await fold.click();
    await expect(fold.locator("xpath=..").locator("pre").first()).toBeVisible();
  }
}

/** Sends forms of several kinds: taken, refused, and in the header. */
async function sendForms(page: Page) {
  await open(page, "/session");
  await setValue(page, "email", "ada@example.com");
  await hydrated(page);
  await submit(page.getByRole("button", { name: "Dark" }));
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await open(page, "/cookies");
  await submit(page.getByRole("button", { name: "Set cookie" }));
  await expect(errors(page).first()).toBeVisible();
  await open(page, "/visits");
  await submit(page.getByRole("button", { name: "Reset" }));
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
