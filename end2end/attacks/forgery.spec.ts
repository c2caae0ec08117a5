// Requests that another site's page sends in the name of who opens it (ASVS 3.5.1 to 3.5.3).

import type { Page } from "@playwright/test";

import { type Account, expect, expectVisitor, open } from "../fixtures";
import { type Change, carried, call, changes, enter, form, hosts, kept, literal, site, test } from "./hostile";

test.beforeEach(({ allowConsole }) => {
  // What the browser tells the attacker.
  allowConsole(/http:\/\/(\S*\.)?localhost|blocked by CORS policy|net::ERR_|chrome-error:/);
  // One navigation for each function.
  test.setTimeout(180_000);
});

for (const [who, name] of Object.entries(hosts)) {
  test.describe(`a page of ${who}`, () => {
    // Security: 3.5.1
    test("has the visitor send its forms in vain", async ({ page, hostile, account, js }) => {
      await attack(page, account, async (all, expectUnchanged) => {
        for (const change of all) {
          const lure = hostile.publish(name, `<body ${sendsItself(js)}>${form(change)}`);
          const answer = page.waitForResponse((response) => response.request().method() === "POST");
          // It goes on to the app by itself, before it counts as loaded.
          await page.goto(lure, { waitUntil: "commit" });
          if (!js) await page.getByRole("button").click();
          expect((await answer).status(), change.path).toBe(403);
          expect((await answer).headers()["content-type"], change.path).toContain("text/html");
          // Until the page of the answer is there, another way would be cut short by it.
          await expect(page.getByRole("heading", { name: "Request from another website" })).toBeVisible();
          await expectUnchanged(change.path);
        }
      });
    });

    test("sends forms from frames in vain", { tag: "@js" }, async ({ page, hostile, account }) => {
      await attack(page, account, async (all) => {
        const framed = all.map((change, index) => `<iframe name="f${index}"></iframe>${form(change, `target="f${index}"`)}`);
        // Without an origin, which then is called "null".
        const sandboxed = all.map((change) => {
          const html = `${form(change)}<script>document.forms[0].submit()</script>`;
          return `<iframe sandbox="allow-forms allow-scripts" srcdoc="${html.replaceAll('"', "&quot;")}"></iframe>`;
        });
        const send = "<script>for (const form of document.forms) form.submit()</script>";
        await lureAndWait(page, hostile.publish(name, framed.join("") + sandboxed.join("") + send), 2 * all.length);
      });
    });

    // Security: 3.5.2
    test("sends forms without a referrer, or of another encoding, in vain", { tag: "@js" }, async ({ page, hostile, account }) => {
      await attack(page, account, async (all) => {
        const encodings = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
        const framed = encodings.flatMap((encoding, group) =>
          all.map((change, index) => {
            const target = `f${group}-${index}`;
            return `<iframe name="${target}"></iframe>${form(change, `target="${target}" enctype="${encoding}"`)}`;
          }),
        );
        const send = "<script>for (const form of document.forms) form.submit()</script>";
        const lure = `<meta name="referrer" content="no-referrer">${framed.join("")}${send}`;
        await lureAndWait(page, hostile.publish(name, lure), framed.length);
      });
    });

    // Security: 3.5.2
    test("calls by script in vain", { tag: "@js" }, async ({ page, hostile, account }) => {
      await attack(page, account, async (all) => {
        const answers: string[] = [];
        page.on("response", (response) => {
          const request = response.request();
          if (!response.url().startsWith(site) || response.status() === 403) return;
          answers.push(`${request.method()} ${response.url()} ${response.status()}`);
        });
        await page.goto(hostile.publish(name, `<script>${calls(all)}</script>`));
        await expect(page).toHaveTitle(/^done: \d+ calls, 0 of them readable$/);
        expect(answers.filter((answer) => !answer.startsWith("OPTIONS "))).toEqual([]);
      });
    });

    // Security: 3.5.3
    test("embeds and fetches addresses in vain", async ({ page, hostile, account }) => {
      await attack(page, account, async (all) => {
        const asked = all.map(({ path, fields }) => `${site}${path}?${new URLSearchParams(fields)}`);
        const addresses = [`${site}/visits`, `${site}/visits?again`, ...asked];
        const embed = (address: string) => {
          const url = address.replaceAll("&", "&amp;");
          return `<img src="${url}&i"><iframe src="${url}&f"></iframe><script src="${url}&s"></script>
            <link rel="stylesheet" href="${url}&c"><video src="${url}&v"></video><object data="${url}&o"></object>`;
        };
        const ahead = ["prefetch", "preload", "prerender"].map((rel) => `<link rel="${rel}" as="fetch" href="${site}/visits?${rel}">`);
        const embeds = addresses.map((address) => embed(address.includes("?") ? address : `${address}?`));
        await lureAndWait(page, hostile.publish(name, ahead.join("") + embeds.join("")), 4 * addresses.length, "GET");
      });
    });

    // Security: 3.5.3
    test("leads to addresses in vain", async ({ page, hostile, account }) => {
      await attack(page, account, async (all, expectUnchanged) => {
        for (const { path, fields } of [{ path: "/visits", fields: {} }, ...all]) {
          const address = `${site}${path}?${new URLSearchParams(fields)}`;
          await page.goto(hostile.publish(name, `<a href="${address.replaceAll("&", "&amp;")}">Win a prize</a>`));
          await page.getByRole("link").click();
          await expect(page).toHaveURL(address);
          await expectUnchanged(path);
        }
      });
    });

    test("reads nothing of the app", { tag: "@js" }, async ({ page, hostile, account }) => {
      await enter(page, account);
      const addresses = ["/", "/account", "/api/visitor/show", "/api/session/show", "/api/auth/devices", "/favicon.svg"];
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
        Promise.all(${literal(addresses.map((address) => site + address))}.map(read))
          .then(() => { document.title = "read: " + (found.join(", ") || "nothing"); });`;
      await page.goto(hostile.publish(name, `<script>${read}</script>`));
      await expect(page).toHaveTitle("read: nothing");
    });
  });
}

/** A victim who has something to lose, and who has lost nothing after the attack. */
async function attack(
  page: Page,
  account: Account,
  run: (all: Change[], expectUnchanged: (after: string) => Promise<void>) => Promise<void>,
) {
  await enter(page, account);
  await open(page, "/visits");
  const cookie = await carried(page.context());
  for (const [address, fields] of [
    ["/api/session/set", { key: "email", value: "mine" }],
    ["/api/preferences/theme", { theme: "light" }],
    // <shop>
    ["/api/cart/add", { product: "1" }],
    // </shop>
  ] as const) {
    expect((await call(cookie, address, fields)).status).toBe(200);
  }
  await page.context().addCookies([{ name: "fruit", value: "lab:pear", url: site }]);
  // Away, so that nothing of the app's own is under way.
  await page.goto("about:blank");
  const before = await kept(page);
  expect(before).toMatchObject({ user: { email: account.email }, theme: "light", values: { email: "mine" } });
  const expectUnchanged = async (after: string) => expect(await kept(page), after).toEqual(before);
  await run(await changes(page, account), expectUnchanged);
  await expectUnchanged("the attack");
  await open(page, "/account");
  await expectVisitor(page, account.name);
}

function sendsItself(js: boolean) {
  return js ? 'onload="setTimeout(() => document.forms[0].submit())"' : "";
}

/** Opens a page of the attacker's and waits until the app has answered all that it sends. */
async function lureAndWait(page: Page, lure: string, requests: number, method = "POST") {
  let over = 0;
  const answered: string[] = [];
  const count = (request: { method: () => string; url: () => string }) => {
    if (request.url().startsWith(`${site}/`) && request.method() === method) over += 1;
  };
  page.on("requestfinished", count).on("requestfailed", count);
  page.on("response", (response) => {
    if (response.request().method() === "POST") answered.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(lure);
  await expect.poll(() => over, { timeout: 60_000 }).toBeGreaterThanOrEqual(requests);
  expect(answered.filter((answer) => !answer.startsWith("403 "))).toEqual([]);
}

/** A script that calls each function in all the ways that a browser sends without asking first, and in those that it asks about. */
function calls(all: Change[]) {
  return `
    const app = ${literal(site)};
    let sent = 0, readable = 0;
    const call = (path, init) => {
      sent += 1;
      return fetch(app + path, { method: "POST", credentials: "include", ...init })
        .then((answer) => { if (answer.type !== "opaque") readable += 1; }, () => {});
    };
    const every = ${literal(all)}.flatMap(({ path, fields }) => {
      const body = new URLSearchParams(fields);
      const parts = new FormData();
      for (const [name, value] of body) parts.append(name, value);
      const text = (type) => new Blob([body.toString()], { type });
      navigator.sendBeacon(app + path, body);
      const simple = [body, parts, text("text/plain"), text("application/x-www-form-urlencoded"), null].flatMap((body) =>
        ["application/json", "text/html", "*/*"].map((accept) => call(path, { mode: "no-cors", body, headers: { accept } })));
      const asked = ["POST", "PUT", "PATCH", "DELETE"].flatMap((method) => [
        call(path, { method, body }),
        call(path, { method, body: JSON.stringify(fields), headers: { "content-type": "application/json" } }),
        call(path, { method, body, headers: { "x-http-method-override": "POST" } }),
      ]);
      return [...simple, ...asked, call(path, { mode: "no-cors", keepalive: true, body, redirect: "follow" })];
    });
    Promise.all(every).then(() => { document.title = "done: " + sent + " calls, " + readable + " of them readable"; });`;
}
