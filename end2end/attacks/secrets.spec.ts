// Only the browser's cookie contains the session id: no page, script or URL does (ASVS 3.3.4, 14.2.1).

// <explorer>
import { form, setValue } from "../explorer";
import { submit, waitForHydration } from "../fixtures";
// </explorer>
import { guestPages } from "../every-page";
import { beginSession, expect, open } from "../fixtures";
import { appOrigin, attackerHosts, documentedPages, openSignedIn, sessionCookie, test } from "./hostile";

// Security: 3.3.4, 14.2.1
test("the session id is in no URL and in no response except for Set-Cookie", async ({ page, account, allowConsole }) => {
  allowConsole(/status of 4\d\d/);
  const bodies: Promise<{ url: string; body: string }>[] = [];
  const urls: string[] = [];
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith("/pkg/")) return;
    // A redirect has no body.
    const body = response.text().catch(() => "");
    bodies.push(body.then((body) => ({ url: response.url(), body: body + JSON.stringify(withoutSetCookie(response.headers())) })));
  });
  page.on("request", (request) => urls.push(`${request.url()} ${request.headers().referer} ${request.postData()}`));

  const secrets = new Set<string>();
  const remember = async () => {
    const value = (await sessionCookie(page.context()))?.value;
    if (value) for (const part of [value.slice(0, 44), value.slice(44)]) secrets.add(part);
  };
  await beginSession(page);
  await remember();
  await openSignedIn(page, account);
  await remember();
  for (const path of documentedPages().filter((path) => !path.includes("{"))) {
    await open(page, path);
    await remember();
  }
  // <explorer>
  await open(page, "/session");
  await setValue(page, "a", "1");
  await waitForHydration(page);
  await submit(page.getByRole("button", { name: "Renew the id" }));
  await remember();
  await waitForHydration(page);
  await submit(page.getByRole("button", { name: "Remember me" }));
  await remember();
  await form(page, "Get a value").getByLabel("Key").fill("a");
  await form(page, "Get a value").getByRole("button", { name: "Get" }).click();
  await expect(page).toHaveURL(/key=a/);
  for (const address of ["/api/session/show", "/api/session/peek"]) await page.goto(address);
  // </explorer>
  for (const address of ["/api/auth/devices", "/api/visitor/show"]) {
    await page.goto(address);
  }

  expect(secrets.size).toBeGreaterThanOrEqual(4);
  const seen = await Promise.all(bodies);
  expect(seen.length).toBeGreaterThan(10);
  for (const secret of secrets) {
    for (const text of [secret, encodeURIComponent(secret)]) {
      expect(seen.filter(({ body }) => body.includes(text)).map(({ url }) => url)).toEqual([]);
      expect(urls.filter((url) => url.includes(text))).toEqual([]);
    }
  }
});

// Security: 3.3.4
test("scripts cannot read the session id on any page or on another port of the host", async ({ page, account, attackerSite, allowConsole }) => {
  allowConsole(/status of 404 .*nothing-here/);
  await openSignedIn(page, account);
  const value = (await sessionCookie(page.context()))?.value ?? "";
  expect(await sessionCookie(page.context())).toMatchObject({ httpOnly: true });
  const readable = () =>
    page.evaluate(() => [
      document.cookie,
      document.documentElement.outerHTML,
      JSON.stringify({ ...localStorage, ...sessionStorage, ...history.state }),
      document.URL + document.referrer,
    ]);
  for (const path of [...guestPages, "/account"]) {
    await page.goto(appOrigin + path);
    const texts = await readable();
    expect(texts[0], path).not.toMatch(/(^|;)\s*(__Host-)?id=/);
    for (const part of [value.slice(0, 44), value.slice(44)]) {
      expect(texts.filter((text) => text.includes(part)), path).toEqual([]);
    }
  }
  await page.goto(attackerSite.publish(attackerHosts["another port of this host"], ""));
  expect((await readable())[0]).not.toContain("id=");
});

function withoutSetCookie({ "set-cookie": _, ...headers }: Record<string, string>) {
  return headers;
}
