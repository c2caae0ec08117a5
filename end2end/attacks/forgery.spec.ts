// Cross-site request forgery: another site sends requests in the visitor's name (ASVS 3.5.1 to 3.5.3).

import type { Page } from "@playwright/test";

import { type Account, expect, expectVisitor, open } from "../fixtures";
import {
  appOrigin,
  attackerHosts,
  attackForm,
  callApi,
  cookieHeader,
  type Mutation,
  mutations,
  openSignedIn,
  scriptLiteral,
  test,
  visitorData,
} from "./hostile";

/** A page that changes the session when it is opened, if there is one. */
let changingPage = "/login";
// <visits>
changingPage = "/visits";
// </visits>

test.beforeEach(({ allowConsole }) => {
  // The browser logs the requests that it blocks on the attacker's pages.
  allowConsole(/http:\/\/(\S*\.)?localhost|blocked by CORS policy|net::ERR_|chrome-error:/);
  // Some tests navigate once for each server function.
  test.setTimeout(180_000);
});

for (const [who, name] of Object.entries(attackerHosts)) {
  test.describe(`a page on ${who}`, () => {
    // Security: 3.5.1
    test("cannot submit forms to the app", async ({ page, attackerSite, account, js }) => {
      await attackVictim(page, account, async (all, expectUnchanged) => {
        for (const mutation of all) {
          const attackPage = attackerSite.publish(name, `<body ${submitOnLoad(js)}>${attackForm(mutation)}`);
          const response = page.waitForResponse((response) => response.request().method() === "POST");
          // The page submits its form before it has loaded.
          await page.goto(attackPage, { waitUntil: "commit" });
          if (!js) await page.getByRole("button").click();
          expect((await response).status(), mutation.path).toBe(403);
          expect((await response).headers()["content-type"], mutation.path).toContain("text/html");
          // The error page would interrupt the next navigation.
          await expect(page.getByRole("heading", { name: "Request from another website" })).toBeVisible();
          await expectUnchanged(mutation.path);
        }
      });
    });

    test("cannot submit forms from frames", { tag: "@js" }, async ({ page, attackerSite, account }) => {
      await attackVictim(page, account, async (all) => {
        const framed = all.map((mutation, index) => `<iframe name="f${index}"></iframe>${attackForm(mutation, `target="f${index}"`)}`);
        // Sandboxed frames have the origin "null".
        const sandboxed = all.map((mutation) => {
          const html = `${attackForm(mutation)}<script>document.forms[0].submit()</script>`;
          return `<iframe sandbox="allow-forms allow-scripts" srcdoc="${html.replaceAll('"', "&quot;")}"></iframe>`;
        });
        const send = "<script>for (const form of document.forms) form.submit()</script>";
        await openAndExpectForbidden(page, attackerSite.publish(name, framed.join("") + sandboxed.join("") + send), 2 * all.length);
      });
    });

    // Security: 3.5.2
    test("cannot submit forms without a referrer or with another encoding", { tag: "@js" }, async ({ page, attackerSite, account }) => {
      await attackVictim(page, account, async (all) => {
        const encodings = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
        const framed = encodings.flatMap((encoding, group) =>
          all.map((mutation, index) => {
            const target = `f${group}-${index}`;
            return `<iframe name="${target}"></iframe>${attackForm(mutation, `target="${target}" enctype="${encoding}"`)}`;
          }),
        );
        const send = "<script>for (const form of document.forms) form.submit()</script>";
        const attackPage = `<meta name="referrer" content="no-referrer">${framed.join("")}${send}`;
        await openAndExpectForbidden(page, attackerSite.publish(name, attackPage), framed.length);
      });
    });

    // Security: 3.5.2
    test("cannot call functions by script", { tag: "@js" }, async ({ page, attackerSite, account }) => {
      await attackVictim(page, account, async (all) => {
        const responses: string[] = [];
        page.on("response", (response) => {
          const request = response.request();
          if (!response.url().startsWith(appOrigin) || response.status() === 403) return;
          responses.push(`${request.method()} ${response.url()} ${response.status()}`);
        });
        await page.goto(attackerSite.publish(name, `<script>${callScript(all)}</script>`));
        await expect(page).toHaveTitle(/^done: \d+ calls, 0 of them readable$/);
        expect(responses.filter((response) => !response.startsWith("OPTIONS "))).toEqual([]);
      });
    });

    // Security: 3.5.3
    test("cannot change anything by embedding or prefetching URLs", async ({ page, attackerSite, account }) => {
      await attackVictim(page, account, async (all) => {
        const calls = all.map(({ path, fields }) => `${appOrigin}${path}?${new URLSearchParams(fields)}`);
        const addresses = [`${appOrigin}${changingPage}`, `${appOrigin}${changingPage}?again`, ...calls];
        const embed = (address: string) => {
          const url = address.replaceAll("&", "&amp;");
          return `<img src="${url}&i"><iframe src="${url}&f"></iframe><script src="${url}&s"></script>
            <link rel="stylesheet" href="${url}&c"><video src="${url}&v"></video><object data="${url}&o"></object>`;
        };
        const prefetches = ["prefetch", "preload", "prerender"].map((rel) => `<link rel="${rel}" as="fetch" href="${appOrigin}${changingPage}?${rel}">`);
        const embeds = addresses.map((address) => embed(address.includes("?") ? address : `${address}?`));
        await openAndExpectForbidden(page, attackerSite.publish(name, prefetches.join("") + embeds.join("")), 4 * addresses.length, "GET");
      });
    });

    // Security: 3.5.3
    test("cannot change anything with links", async ({ page, attackerSite, account }) => {
      await attackVictim(page, account, async (all, expectUnchanged) => {
        for (const { path, fields } of [{ path: changingPage, fields: {} }, ...all]) {
          const address = `${appOrigin}${path}?${new URLSearchParams(fields)}`;
          await page.goto(attackerSite.publish(name, `<a href="${address.replaceAll("&", "&amp;")}">Win a prize</a>`));
          await page.getByRole("link").click();
          await expect(page).toHaveURL(address);
          await expectUnchanged(path);
        }
      });
    });

    test("cannot read anything of the app", { tag: "@js" }, async ({ page, attackerSite, account }) => {
      await openSignedIn(page, account);
      const addresses = ["/", "/account", "/api/visitor/show", "/api/auth/devices", "/favicon.svg"];
      const read = `
        const found = [];
        const read = async (address) => {
          for (const credentials of ["include", "omit"]) {
            await fetch(address, { credentials }).then(() => found.push("fetched " + address), () => {});
          }
          for (const kind of ["img", "script"]) {
            const element = document.createElement(kind);
            const loaded = new Promise((done) => { element.onload = () => done(true); element.onerror = () => done(false); });
            element.src = address;
            document.head.append(element);
            if (await loaded) found.push(kind + " " + address);
          }
        };
        Promise.all(${scriptLiteral(addresses.map((address) => appOrigin + address))}.map(read))
          .then(() => { document.title = "read: " + (found.join(", ") || "nothing"); });`;
      await page.goto(attackerSite.publish(name, `<script>${read}</script>`));
      await expect(page).toHaveTitle("read: nothing");
    });
  });
}

/** Signs in a victim with some data, runs the attack, and expects unchanged data. */
async function attackVictim(
  page: Page,
  account: Account,
  run: (all: Mutation[], expectUnchanged: (after: string) => Promise<void>) => Promise<void>,
) {
  await openSignedIn(page, account);
  const cookie = await cookieHeader(page.context());
  for (const [address, fields] of [
    // <explorer>
    ["/api/session/set", { key: "email", value: "mine" }],
    // </explorer>
    ["/api/preferences/theme", { theme: "light" }],
    // <shop>
    ["/api/cart/add", { product: "1" }],
    // </shop>
  ] as const) {
    expect((await callApi(cookie, address, fields)).status).toBe(200);
  }
  await page.context().addCookies([{ name: "fruit", value: "lab:pear", url: appOrigin }]);
  // Leaves the app, so that none of its own requests are running.
  await page.goto("about:blank");
  const before = await visitorData(page);
  expect(before).toMatchObject({ user: { email: account.email }, theme: "light" });
  // <explorer>
  expect(before).toMatchObject({ values: { email: "mine" } });
  // </explorer>
  const expectUnchanged = async (after: string) => expect(await visitorData(page), after).toEqual(before);
  await run(await mutations(page, account), expectUnchanged);
  await expectUnchanged("the attack");
  await open(page, "/account");
  await expectVisitor(page, account.name);
}

function submitOnLoad(js: boolean) {
  return js ? 'onload="setTimeout(() => document.forms[0].submit())"' : "";
}

/** Opens the attacker's page, waits until all its requests are finished, and expects 403 for each POST. */
async function openAndExpectForbidden(page: Page, attackPage: string, requests: number, method = "POST") {
  let finished = 0;
  const responses: string[] = [];
  const count = (request: { method: () => string; url: () => string }) => {
    if (request.url().startsWith(`${appOrigin}/`) && request.method() === method) finished += 1;
  };
  page.on("requestfinished", count).on("requestfailed", count);
  page.on("response", (response) => {
    if (response.request().method() === "POST") responses.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(attackPage);
  await expect.poll(() => finished, { timeout: 60_000 }).toBeGreaterThanOrEqual(requests);
  expect(responses.filter((response) => !response.startsWith("403 "))).toEqual([]);
}

/** A script that calls each function with simple requests and with requests that need a CORS preflight. */
function callScript(all: Mutation[]) {
  return `
    const app = ${scriptLiteral(appOrigin)};
    let sent = 0, readable = 0;
    const call = (path, init) => {
      sent += 1;
      return fetch(app + path, { method: "POST", credentials: "include", ...init })
        .then((response) => { if (response.type !== "opaque") readable += 1; }, () => {});
    };
    const every = ${scriptLiteral(all)}.flatMap(({ path, fields }) => {
      const body = new URLSearchParams(fields);
      const parts = new FormData();
      for (const [name, value] of body) parts.append(name, value);
      const text = (type) => new Blob([body.toString()], { type });
      navigator.sendBeacon(app + path, body);
      const simple = [body, parts, text("text/plain"), text("application/x-www-form-urlencoded"), null].flatMap((body) =>
        ["application/json", "text/html", "*/*"].map((accept) => call(path, { mode: "no-cors", body, headers: { accept } })));
      const preflighted = ["POST", "PUT", "PATCH", "DELETE"].flatMap((method) => [
        call(path, { method, body }),
        call(path, { method, body: JSON.stringify(fields), headers: { "content-type": "application/json" } }),
        call(path, { method, body, headers: { "x-http-method-override": "POST" } }),
      ]);
      return [...simple, ...preflighted, call(path, { mode: "no-cors", keepalive: true, body, redirect: "follow" })];
    });
    Promise.all(every).then(() => { document.title = "done: " + sent + " calls, " + readable + " of them readable"; });`;
}
