// Cookies that a neighbouring host sets for the app's, before or after its own: "cookie tossing" (ASVS 3.3.1).

import type { Page } from "@playwright/test";
import { randomBytes, randomUUID } from "node:crypto";

import { type Account, expect, expectVisitor, hydrated, open, submit } from "../fixtures";
import { enter, type Hostile, host, kept, neighbour, sessionCookie, test, thief, withServers } from "./hostile";

const everywhere = ["/", "/account", "/session", "/cookies", "/api"];
const garbage = ["garbage", "", `${"A".repeat(43)}=${"A".repeat(22)}`, "%00%ff", `"quoted, with a comma"`];

test("garbage signs nobody out, wherever it stands", async ({ page, hostile, account }) => {
  await enter(page, account);
  const before = await sessionCookie(page.context());
  for (const value of garbage) {
    await toss(page, hostile, everywhere.map((path) => `id=${value}; Domain=${host}; Path=${path}`));
    for (const path of ["/account", "/session", "/cookies", "/"]) {
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

test("garbage that was there first keeps nobody from signing in", async ({ page, hostile, account }) => {
  await toss(page, hostile, everywhere.map((path) => `id=garbage; Domain=${host}; Path=${path}`));
  await enter(page, account);
  await open(page, "/session");
  await expectVisitor(page, account.name);
  await page.reload();
  await expectVisitor(page, account.name);
});

// Security: 3.3.1
test("the attacker's own session never takes the place of one that is there", async ({ page, hostile, account }) => {
  await enter(page, account);
  const [before, own] = [await kept(page), await sessionCookie(page.context())];
  const stranger = await thief(page, "");
  await open(stranger, "/visits");
  const theirs = await sessionCookie(stranger.context());
  await stranger.context().close();
  await toss(page, hostile, [`id=${theirs?.value}; Domain=${host}; Path=/`]);
  // The server cannot know which of the two is the visitor's own, so it takes neither and leaves both.
  for (const path of ["/login", "/session", "/"]) {
    await open(page, path);
    await expectVisitor(page, "Guest");
    expect(await sessionCookie(page.context())).toEqual(own);
  }
  await page.context().clearCookies({ domain: `.${host}` });
  await open(page, "/account");
  await expectVisitor(page, account.name);
  expect(await kept(page)).toEqual(before);
});

// Security: 3.3.1
test("in production a browser takes no session from a neighbour at all", async ({ page, hostile }) => {
  await withServers(async (serve) => {
    const keys = randomBytes(64).toString("base64");
    await serve(
      keys,
      async (address) => {
        const [account, mallory] = [someone("Ada"), someone("Mallory")];
        await register(page, address, account);
        const own = await sessionCookie(page.context(), "__Host-id");
        expect(own).toMatchObject({ domain: host, path: "/", secure: true, httpOnly: true, sameSite: "Lax" });
        expect(await sessionCookie(page.context(), "id")).toBeUndefined();

        const attacker = await thief(page, "");
        await register(attacker, address, mallory);
        const theirs = (await sessionCookie(attacker.context(), "__Host-id"))?.value;
        await attacker.context().close();
        const attributes = [`Domain=${host}; Path=/`, `Domain=${host}; Path=/account`, "Path=/account", "Path=/"];
        const names = ["id", "__Host-id", "__host-id", "__Secure-id", " __Host-id", "=__Host-id"];
        // By script only: Node.js refuses most of them in a header. White space that is not ASCII is part of the name.
        const odd = ["\u0001", "\u0085", "\u00a0", "\u2000", "\u3000"].map((char) => `${char}__Host-id`);
        const cookies = (names: string[]) =>
          names.flatMap((name) => attributes.map((where) => `${name}=${theirs}; ${where}; Secure`));
        await toss(page, hostile, cookies(names), cookies([...names, ...odd]));
        const tossed = (await page.context().cookies()).map(({ name }) => name);
        expect(tossed, "the browser sends them").toEqual(expect.arrayContaining(["id", "\u2000__Host-id", "\u3000__Host-id"]));

        for (const path of ["/account", "/session", "/"]) {
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

/** Has the visitor open a page of the neighbour's that sets cookies, by its answer and by script. */
async function toss(page: Page, hostile: Hostile, cookies: string[], byScript = cookies) {
  const script = `for (const cookie of ${JSON.stringify(byScript)}) document.cookie = cookie;`;
  await page.goto(hostile.publish(neighbour, `<script>${script}</script>`, { "set-cookie": cookies }));
}

function someone(name: string): Account {
  return { name, email: `${randomUUID()}@example.com`, password: "three-words-at-least" };
}

async function register(page: Page, address: string, account: Account) {
  await open(page, `${address}/register`);
  await page.getByLabel("Name", { exact: true }).fill(account.name);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await submit(page.getByRole("button", { name: "Create account" }));
  await expectVisitor(page, account.name);
  await hydrated(page);
}
