// Session cookies that were changed, or signed with a key that is no longer in the ring.

import { randomBytes } from "node:crypto";

import { demo, expect, expectVisitor, open, signIn } from "../fixtures";
import { call, enter, sessionCookie, site, test, thief, withServers } from "./hostile";

/** Base64 of 32 bytes: the signature, in front of the id. */
const signature = 44;

// Security: tampered cookies
test("a cookie that was changed opens no session and is removed", async ({ page, account }) => {
  await enter(page, account);
  const genuine = (await sessionCookie(page.context()))?.value ?? "";
  const stranger = await thief(page, "");
  await open(stranger, "/visits");
  const theirs = (await sessionCookie(stranger.context()))?.value ?? "";
  const [own, id] = [genuine.slice(0, signature), genuine.slice(signature)];
  const forged = {
    "the signature's first character": changed(genuine, 0),
    "one in the middle": changed(genuine, 20),
    "the id's first character": changed(genuine, signature),
    "the id's last character": changed(genuine, genuine.length - 2),
    "another session's signature": theirs.slice(0, signature) + id,
    "its signature for another session": own + theirs.slice(signature),
    "no signature": id,
    "a signature of zeros": Buffer.alloc(32).toString("base64") + id,
    "no id": own,
    "an id that is longer": `${genuine}A`,
    "an id that is shorter": genuine.slice(0, -1),
    "the cookie twice": genuine + genuine,
    "blanks around it": `%20${genuine}%20`,
  };
  for (const [what, value] of Object.entries(forged)) {
    expect((await call(`id=${value}`, "/api/visitor/peek")).value.user, what).toBeNull();
    await stranger.context().clearCookies();
    await stranger.context().addCookies([{ name: "id", value, url: site }]);
    await open(stranger, "/account");
    await expect(stranger).toHaveURL(`${site}/login?next=%2Faccount`);
    await expectVisitor(stranger, "Guest");
    expect(await sessionCookie(stranger.context()), what).toBeUndefined();
  }
  await stranger.context().close();
  await page.reload();
  await expectVisitor(page, account.name);
});

// Security: 13.3.4
test("a cookie signed with a key that is not in the ring any more is removed, and stays worthless", async ({ page }) => {
  await withServers(async (serve) => {
    const [leaked, fresh] = [key(), key()];
    let copy = "";
    await serve(leaked, async (address) => {
      await open(page, `${address}/login`);
      await signIn(page, demo);
      await expectVisitor(page, demo.name);
      copy = (await sessionCookie(page.context()))?.value ?? "";
      await page.goto("about:blank");
    });
    await serve(fresh, async (address) => {
      await open(page, `${address}/account`);
      await expect(page).toHaveURL(`${address}/login?next=%2Faccount`);
      await expectVisitor(page, "Guest");
      expect(await sessionCookie(page.context())).toBeUndefined();

      await page.context().addCookies([{ name: "id", value: copy, url: address }]);
      await open(page, `${address}/visits`);
      await expectVisitor(page, "Guest");
      expect((await sessionCookie(page.context()))?.value).not.toBe(copy);
      await page.goto("about:blank");
    });
  });
});

/** The text with another character at one place. */
function changed(text: string, place: number) {
  return text.slice(0, place) + (text[place] === "A" ? "B" : "A") + text.slice(place + 1);
}

function key() {
  return randomBytes(64).toString("base64");
}
