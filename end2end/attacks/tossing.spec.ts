// Cookie tossing: a subdomain sets cookies for the app's host, before or after the app's own (ASVS 3.3.1).

import type { Page } from "@playwright/test";
import { randomBytes, randomUUID } from "node:crypto";

import { type Account, beginSession, expect, expectVisitor, open, submit, waitForHydration } from "../fixtures";
import {
  appHost,
  type AttackerSite,
  attackerSubdomain,
  openOtherBrowser,
  openSignedIn,
  sessionCookie,
  test,
  visitorData,
  withServers,
} from "./hostile";

const cookiePaths = ["/", "/account", "/session", "/cookies", "/api"];
const invalidValues = ["garbage", "", `${"A".repeat(43)}=${"A".repeat(22)}`, "%00%ff", `"quoted, with a comma"`];

test("invalid cookies do not sign the visitor out, with any path", async ({ page, attackerSite, account }) => {
  await openSignedIn(page, account);
  const before = await sessionCookie(page.context());
  for (const value of invalidValues) {
    await tossCookies(page, attackerSite, cookiePaths.map((path) => `id=${value}; Domain=${appHost}; Path=${path}`));
    for (const path of ["/account", "/login", "/"]) {
      await open(page, path);
      await expectVisitor(page, account.name);
    }
    expect(await sessionCookie(page.context())).toEqual(before);
  }
  await open(page, "/account");
  await page.getByLabel("Name", { exact: true }).fill("Countess");
  await submit(page.getByRole("button", { name: "Change name" }));
  await expectVisitor(page, "Countess");
});

test("existing invalid cookies do not prevent a sign-in", async ({ page, attackerSite, account }) => {
  await tossCookies(page, attackerSite, cookiePaths.map((path) => `id=garbage; Domain=${appHost}; Path=${path}`));
  await openSignedIn(page, account);
  await open(page, "/login");
  await expectVisitor(page, account.name);
  await page.reload();
  await expectVisitor(page, account.name);
});

// Security: 3.3.1
test("the attacker's session never replaces the visitor's session", async ({ page, attackerSite, account }) => {
  await openSignedIn(page, account);
  const [before, own] = [await visitorData(page), await sessionCookie(page.context())];
  const stranger = await openOtherBrowser(page, "");
  await beginSession(stranger);
  const theirs = await sessionCookie(stranger.context());
  await stranger.context().close();
  await tossCookies(page, attackerSite, [`id=${theirs?.value}; Domain=${appHost}; Path=/`]);
  // The server cannot know which of the two is the visitor's own, so it uses neither and removes neither.
  for (const path of ["/login", "/"]) {
    await open(page, path);
    await expectVisitor(page, "Guest");
    expect(await sessionCookie(page.context())).toEqual(own);
  }
  await page.context().clearCookies({ domain: `.${appHost}` });
  await open(page, "/account");
  await expectVisitor(page, account.name);
  expect(await visitorData(page)).toEqual(before);
});

// Security: 3.3.1
test("in production a subdomain cannot set a session", async ({ page, attackerSite }) => {
  await withServers(async (serve) => {
    const keys = randomBytes(64).toString("base64");
    await serve(
      keys,
      async (address) => {
        const [account, mallory] = [newAccount("Ada"), newAccount("Mallory")];
        await register(page, address, account);
        const own = await sessionCookie(page.context(), "__Host-id");
        expect(own).toMatchObject({ domain: appHost, path: "/", secure: true, httpOnly: true, sameSite: "Lax" });
        expect(await sessionCookie(page.context(), "id")).toBeUndefined();

        const attacker = await openOtherBrowser(page, "");
        await register(attacker, address, mallory);
        const theirs = (await sessionCookie(attacker.context(), "__Host-id"))?.value;
        await attacker.context().close();
        const attributes = [`Domain=${appHost}; Path=/`, `Domain=${appHost}; Path=/account`, "Path=/account", "Path=/"];
        const names = ["id", "__Host-id", "__host-id", "__Secure-id", " __Host-id", "=__Host-id"];
        // Set by script, because Node.js refuses most of them in a header. Whitespace outside of ASCII is part of the name.
        const odd = ["\u0001", "\u0085", "\u00a0", "\u2000", "\u3000"].map((char) => `${char}__Host-id`);
        const cookies = (names: string[]) =>
          names.flatMap((name) => attributes.map((where) => `${name}=${theirs}; ${where}; Secure`));
        await tossCookies(page, attackerSite, cookies(names), cookies([...names, ...odd]));
        const tossed = (await page.context().cookies()).map(({ name }) => name);
        expect(tossed, "the browser sends them").toEqual(expect.arrayContaining(["id", "\u2000__Host-id", "\u3000__Host-id"]));

        for (const path of ["/account", "/login", "/"]) {
          await open(page, `${address}${path}`);
          await expectVisitor(page, account.name);
        }
        expect(await sessionCookie(page.context(), "__Host-id")).toEqual(own);
        await page.goto("about:blank");
      },
      { LEPTOS_ENV: "PROD", CLIENT_IP_SOURCE: "ConnectInfo", SIGN_IN_LIMIT: "1000/1m", SESSION_LIMIT: "1000/1m" },
    );
  });
});

/** Opens a page on the subdomain that sets cookies by its response and by script. */
async function tossCookies(page: Page, attackerSite: AttackerSite, cookies: string[], byScript = cookies) {
  const script = `for (const cookie of ${JSON.stringify(byScript)}) document.cookie = cookie;`;
  await page.goto(attackerSite.publish(attackerSubdomain, `<script>${script}</script>`, { "set-cookie": cookies }));
}

function newAccount(name: string): Account {
  return { name, email: `${randomUUID()}@example.com`, password: "three-words-at-least" };
}

async function register(page: Page, address: string, account: Account) {
  await open(page, `${address}/register`);
  await page.getByLabel("Name", { exact: true }).fill(account.name);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await submit(page.getByRole("button", { name: "Create account" }));
  await expectVisitor(page, account.name);
  await waitForHydration(page);
}
