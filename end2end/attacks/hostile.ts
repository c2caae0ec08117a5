// Helpers for the attacks: the attacker's web server, on its own hosts and on the app's, and a victim who is signed in.

import { type BrowserContext, type Page, test as playwright } from "@playwright/test";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { type Account, expect, expectVisitor, open, signIn, test as base } from "../fixtures";
import { defaultServer, startServer, workerServer } from "../servers";

/** The app's host. Browsers resolve all names below `localhost` to this machine (RFC 6761, 6.3) and treat each as a site. */
export const appHost = "satchel.localhost";

/** The attacker's hosts. Another port even shares the app's cookies. */
export const attackerHosts = {
  "another site": "evil.localhost",
  "a subdomain of this host": `evil.${appHost}`,
  "another port of this host": appHost,
};
export const attackerSubdomain = attackerHosts["a subdomain of this host"];

export function withAppHost(server: string) {
  return server.replace("127.0.0.1", appHost);
}

export const appOrigin = withAppHost(defaultServer);

export class AttackerSite {
  readonly #pages: { html: string; headers: OutgoingHttpHeaders }[] = [];
  /** The requests that it received, as `host path`. */
  readonly requests: string[] = [];

  constructor(readonly port: number) {}

  origin(name: string) {
    return `http://${name}:${this.port}`;
  }

  /** Publishes a page and returns its URL on one of the attacker's hosts. */
  publish(name: string, html: string, headers: OutgoingHttpHeaders = {}) {
    this.#pages.push({ html: `<!DOCTYPE html><html lang="en"><title>Win a prize</title>${html}`, headers });
    return `${this.origin(name)}/lure/${this.#pages.length - 1}`;
  }

  /** The page at a path. A path without a published page shows that it was visited. */
  pageAt(url = "/") {
    const page = this.#pages[Number(/^\/lure\/(\d+)$/.exec(url)?.[1] ?? NaN)];
    return page ?? { html: "<!DOCTYPE html><title>Caught</title><h1>Caught</h1>", headers: {} };
  }
}

export const test = base.extend<{ attackerSite: AttackerSite }>({
  baseURL: async ({}, use) => use(appOrigin),

  // Node.js does not resolve names below localhost.
  request: async ({ playwright }, use) => {
    const context = await playwright.request.newContext({ baseURL: defaultServer });
    await use(context);
    await context.dispose();
  },

  attackerSite: async ({}, use) => {
    const server = createServer((request, response) => {
      attackerSite.requests.push(`${request.headers.host} ${request.url}`);
      const { html, headers } = attackerSite.pageAt(request.url);
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...headers }).end(html);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const attackerSite = new AttackerSite((server.address() as AddressInfo).port);
    await use(attackerSite);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  },
});

/** Opens a private page of the app, and signs in on the way. */
export async function openSignedIn(page: Page, account: Account, to = `${appOrigin}/account`) {
  await open(page, to);
  await signIn(page, account);
  await expect(page).toHaveURL(to);
  await expectVisitor(page, account.name);
}

/** The session cookie that the browser stores for the app's host. */
export async function sessionCookie(context: BrowserContext, name = "id") {
  return (await context.cookies()).find((cookie) => cookie.name === name && cookie.domain === appHost);
}

/** The `Cookie` header with the session cookie, or an empty string if there is none. */
export async function cookieHeader(context: BrowserContext) {
  const cookie = await sessionCookie(context);
  return cookie ? `${cookie.name}=${cookie.value}` : "";
}

/** Calls a function of the app with a cookie, by POST if there are fields. */
export async function callApi(cookie: string, address: string, fields?: Record<string, string>) {
  const body = fields && new URLSearchParams(fields);
  const response = await fetch(defaultServer + address, {
    method: fields ? "POST" : "GET",
    headers: { accept: "application/json", cookie },
    ...(body && { body }),
  });
  return { status: response.status, value: await response.json() };
}

/** The data that an attack might change: the visitor's data on the server and the browser's cookies. */
export async function visitorData(page: Page) {
  const cookies = await page.context().cookies(appOrigin);
  const cookie = await cookieHeader(page.context());
  const read = async (address: string) => (await callApi(cookie, address)).value;
  const [{ user, theme }, devices] = await Promise.all([read("/api/visitor/peek"), read("/api/auth/devices")]);
  // <explorer>
  const { values } = await read("/api/session/peek");
  // </explorer>
  // <shop>
  const orders = await read("/api/orders/list");
  // </shop>
  return {
    user,
    theme,
    // <explorer>
    values,
    // </explorer>
    devices: Array.isArray(devices) ? devices.map(({ device }) => device).sort() : devices,
    // <shop>
    orders,
    // </shop>
    cookies: cookies.map(({ name, value, domain, path }) => `${name}=${value} (${domain}${path})`).sort(),
  };
}

/** A server function that changes something, from a row of a table in docs/interface.md. */
export type Mutation = { path: string; fields: Record<string, string> };

/** All of them, with fields that are valid for this victim. */
export async function mutations(page: Page, account: Account): Promise<Mutation[]> {
  const devices = (await callApi(await cookieHeader(page.context()), "/api/auth/devices")).value as { device: string }[];
  const overrides: Record<string, string> = {
    "/api/auth/confirm password": account.password,
    "/api/auth/delete password": account.password,
    "/api/auth/revoke device": devices[0]?.device ?? "",
    // <shop>
    "/api/orders/place token": "an-order-of-another-user",
    // </shop>
  };
  const rows = [...section("Server functions that change something").matchAll(/^\| `(\/api\/\S+)` \|(?: `(\S+)`)? \|/gm)];
  expect(rows.length, "functions in docs/interface.md").toBeGreaterThan(10);
  return rows.map(([, path = "", example = ""]) => {
    const fields = Object.fromEntries(new URLSearchParams(example));
    for (const name of Object.keys(fields)) fields[name] = overrides[`${path} ${name}`] ?? fields[name] ?? "";
    return { path, fields };
  });
}

/** The paths of all pages that docs/interface.md lists. */
export function documentedPages() {
  const rows = section("Pages").matchAll(/^\| (`\/.*?`) \|/gm);
  return [...rows].flatMap(([, paths = ""]) => [...paths.matchAll(/`(\/[^`]*)`/g)].map(([, path = ""]) => path));
}

function section(heading: string) {
  const text = readFileSync(path.resolve(import.meta.dirname, "../../docs/interface.md"), "utf8");
  return new RegExp(`^## ${heading}$(.*?)^## `, "ms").exec(`${text}\n## `)?.[1] ?? "";
}

export function attackForm({ path, fields }: Mutation, attributes = "") {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  return `<form method="post" action="${appOrigin}${path}" ${attributes}>${inputs.join("")}<button>Win a prize</button></form>`;
}

/** A value as source text for a script in a page. */
export function scriptLiteral(value: unknown) {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** Opens a page in a second browser that has the given session cookie. */
export async function openOtherBrowser(page: Page, value: string, address = appOrigin) {
  const browser = page.context().browser();
  if (!browser) throw new Error("there is no browser");
  const context = await browser.newContext({ javaScriptEnabled: playwright.info().project.use.javaScriptEnabled ?? true });
  if (value) await context.addCookies([{ name: "id", value, url: address }]);
  return context.newPage();
}

/** Lets a test start servers one after another, with the app's host and one database. */
export async function withServers(
  run: (serve: (keys: string, check: (address: string) => Promise<void>, overrides?: Record<string, string>) => Promise<void>) => Promise<void>,
) {
  const url = workerServer(playwright.info().parallelIndex);
  const folder = mkdtempSync(path.join(tmpdir(), "satchel-attack-"));
  try {
    await run(async (keys, check, overrides) => {
      const stop = await startServer(url, folder, keys, overrides);
      try {
        await check(withAppHost(url));
      } finally {
        await stop();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
