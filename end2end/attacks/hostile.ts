// What the attacks share: a web server of the attacker's, on hosts of its own and on the app's, and a victim who is signed in.

import { type BrowserContext, type Page, test as playwright } from "@playwright/test";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { type Account, expect, expectVisitor, open, signIn, test as base } from "../fixtures";
import { ownServer, start, usualServer } from "../servers";

/** The app's host. For a browser each name below `localhost` is this machine (RFC 6761, 6.3), and a site of its own. */
export const host = "satchel.localhost";

/** The attacker's hosts. Another port shares even the cookies. */
export const hosts = {
  "another site": "evil.localhost",
  "a neighbouring host": `evil.${host}`,
  "another port of this host": host,
};
export const neighbour = hosts["a neighbouring host"];

/** A server's address by the app's host. */
export function named(server: string) {
  return server.replace("127.0.0.1", host);
}

/** Where the attacks find the app. */
export const site = named(usualServer);

/** The attacker's web server. */
export class Hostile {
  readonly #pages: { html: string; headers: OutgoingHttpHeaders }[] = [];
  /** What it was asked for, as `host path`. */
  readonly asked: string[] = [];

  constructor(readonly port: number) {}

  /** The origin of one of the attacker's hosts. */
  origin(name: string) {
    return `http://${name}:${this.port}`;
  }

  /** Puts a page on the server, and returns its address at one of the attacker's hosts. */
  publish(name: string, html: string, headers: OutgoingHttpHeaders = {}) {
    this.#pages.push({ html: `<!DOCTYPE html><html lang="en"><title>Win a prize</title>${html}`, headers });
    return `${this.origin(name)}/lure/${this.#pages.length - 1}`;
  }

  /** What stands at a path. Where nothing was published it tells that somebody has come. */
  at(url = "/") {
    const page = this.#pages[Number(/^\/lure\/(\d+)$/.exec(url)?.[1] ?? NaN)];
    return page ?? { html: "<!DOCTYPE html><title>Caught</title><h1>Caught</h1>", headers: {} };
  }
}

export const test = base.extend<{ hostile: Hostile }>({
  baseURL: async ({}, use) => use(site),

  // Node.js knows no names below localhost.
  request: async ({ playwright }, use) => {
    const context = await playwright.request.newContext({ baseURL: usualServer });
    await use(context);
    await context.dispose();
  },

  hostile: async ({}, use) => {
    const server = createServer((request, response) => {
      hostile.asked.push(`${request.headers.host} ${request.url}`);
      const { html, headers } = hostile.at(request.url);
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...headers }).end(html);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const hostile = new Hostile((server.address() as AddressInfo).port);
    await use(hostile);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  },
});

/** Signs in on the way to a private page of the app. */
export async function enter(page: Page, account: Account, to = `${site}/account`) {
  await open(page, to);
  await signIn(page, account);
  await expect(page).toHaveURL(to);
  await expectVisitor(page, account.name);
}

/** The session's cookie, as the browser keeps it for the app's host alone. */
export async function sessionCookie(context: BrowserContext, name = "id") {
  return (await context.cookies()).find((cookie) => cookie.name === name && cookie.domain === host);
}

/** The session's cookie as a request carries it; an empty text where there is none. */
export async function carried(context: BrowserContext) {
  const cookie = await sessionCookie(context);
  return cookie ? `${cookie.name}=${cookie.value}` : "";
}

/** Calls the app as a script does that holds a cookie. With fields it is a POST. */
export async function call(cookie: string, address: string, fields?: Record<string, string>) {
  const body = fields && new URLSearchParams(fields);
  const answer = await fetch(usualServer + address, {
    method: fields ? "POST" : "GET",
    headers: { accept: "application/json", cookie },
    ...(body && { body }),
  });
  return { status: answer.status, value: await answer.json() };
}

/** All that an attack might change: what the server keeps for a browser's visitor, and the browser's cookies. */
export async function kept(page: Page) {
  const cookies = await page.context().cookies(site);
  const cookie = await carried(page.context());
  const shown = async (address: string) => (await call(cookie, address)).value;
  const [{ user, theme }, { values }, devices] = await Promise.all([
    shown("/api/visitor/peek"),
    shown("/api/session/peek"),
    shown("/api/auth/devices"),
  ]);
  // <shop>
  const orders = await shown("/api/orders/list");
  // </shop>
  return {
    user,
    theme,
    values,
    devices: Array.isArray(devices) ? devices.map(({ device }) => device).sort() : devices,
    // <shop>
    orders,
    // </shop>
    cookies: cookies.map(({ name, value, domain, path }) => `${name}=${value} (${domain}${path})`).sort(),
  };
}

/** A function that changes something, as a row of a table in docs/interface.md gives it. */
export type Change = { path: string; fields: Record<string, string> };

/** All functions that change something, with fields that this victim's app would take from its own page. */
export async function changes(page: Page, account: Account): Promise<Change[]> {
  const devices = (await call(await carried(page.context()), "/api/auth/devices")).value as { device: string }[];
  const own: Record<string, string> = {
    "/api/auth/confirm password": account.password,
    "/api/auth/delete password": account.password,
    "/api/auth/revoke device": devices[0]?.device ?? "",
    // <shop>
    "/api/orders/place token": "an-order-of-somebody-else",
    // </shop>
  };
  const rows = [...section("Server functions that change something").matchAll(/^\| `(\/api\/\S+)` \|(?: `(\S+)`)? \|/gm)];
  expect(rows.length, "functions in docs/interface.md").toBeGreaterThan(10);
  return rows.map(([, path = "", example = ""]) => {
    const fields = Object.fromEntries(new URLSearchParams(example));
    for (const name of Object.keys(fields)) fields[name] = own[`${path} ${name}`] ?? fields[name] ?? "";
    return { path, fields };
  });
}

/** All pages that docs/interface.md lists, as their paths stand there. */
export function pages() {
  const rows = section("Pages").matchAll(/^\| (`\/.*?`) \|/gm);
  return [...rows].flatMap(([, paths = ""]) => [...paths.matchAll(/`(\/[^`]*)`/g)].map(([, path = ""]) => path));
}

/** What stands under a heading of docs/interface.md. */
function section(heading: string) {
  const text = readFileSync(path.resolve(import.meta.dirname, "../../docs/interface.md"), "utf8");
  return new RegExp(`^## ${heading}$(.*?)^## `, "ms").exec(`${text}\n## `)?.[1] ?? "";
}

/** A form of the attacker's that leads to the app. */
export function form({ path, fields }: Change, attributes = "") {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  return `<form method="post" action="${site}${path}" ${attributes}>${inputs.join("")}<button>Win a prize</button></form>`;
}

/** Text as the source of a script in a page. */
export function literal(value: unknown) {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** A second browser, which holds the given cookie of the app from the start. */
export async function thief(page: Page, value: string, address = site) {
  const browser = page.context().browser();
  if (!browser) throw new Error("there is no browser");
  const context = await browser.newContext({ javaScriptEnabled: playwright.info().project.use.javaScriptEnabled ?? true });
  if (value) await context.addCookies([{ name: "id", value, url: address }]);
  return context.newPage();
}

/** Runs a server of the test's own, named as the app is, again and again on one database. */
export async function withServers(
  run: (serve: (keys: string, check: (address: string) => Promise<void>, own?: Record<string, string>) => Promise<void>) => Promise<void>,
) {
  const url = ownServer(playwright.info().parallelIndex);
  const folder = mkdtempSync(path.join(tmpdir(), "satchel-attack-"));
  try {
    await run(async (keys, check, own) => {
      const stop = await start(url, folder, keys, own);
      try {
        await check(named(url));
      } finally {
        await stop();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
