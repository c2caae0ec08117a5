// Session cookies that were changed, or signed with a key that was removed.

import { randomBytes } from "node:crypto";

import { beginSession, demo, expect, expectVisitor, open, signIn } from "../fixtures";
import { appOrigin, callApi, openOtherBrowser, openSignedIn, sessionCookie, test, withServers } from "./hostile";

/** The length of the signature before the id: 32 bytes in Base64. */
const signatureLength = 44;

// Security: tampered cookies
test("a changed cookie opens no session and is removed", async ({ page, account }) => {
  await openSignedIn(page, account);
  const genuine = (await sessionCookie(page.context()))?.value ?? "";
  const stranger = await openOtherBrowser(page, "");
  await beginSession(stranger);
  const theirs = (await sessionCookie(stranger.context()))?.value ?? "";
  const [own, id] = [genuine.slice(0, signatureLength), genuine.slice(signatureLength)];
  const forged = {
    "the signature's first character": withChangedCharacter(genuine, 0),
    "one in the middle": withChangedCharacter(genuine, 20),
    "the id's first character": withChangedCharacter(genuine, signatureLength),
    "the id's last character": withChangedCharacter(genuine, genuine.length - 2),
    "another session's signature": theirs.slice(0, signatureLength) + id,
    "its signature for another session": own + theirs.slice(signatureLength),
    "no signature": id,
    "a signature of zeros": Buffer.alloc(32).toString("base64") + id,
    "no id": own,
    "an id that is longer": `${genuine}A`,
    "an id that is shorter": genuine.slice(0, -1),
    "the cookie twice": genuine + genuine,
    "spaces around it": `%20${genuine}%20`,
  };
  for (const [what, value] of Object.entries(forged)) {
    expect((await callApi(`id=${value}`, "/api/visitor/peek")).value.user, what).toBeNull();
    await stranger.context().clearCookies();
    await stranger.context().addCookies([{ name: "id", value, url: appOrigin }]);
    await open(stranger, "/account");
    await expect(stranger).toHaveURL(`${appOrigin}/login?next=%2Faccount`);
    await expectVisitor(stranger, "Guest");
    expect(await sessionCookie(stranger.context()), what).toBeUndefined();
  }
  await stranger.context().close();
  await page.reload();
  await expectVisitor(page, account.name);
});

// Security: 13.3.4
test("a cookie signed with a removed key is deleted and stays invalid", async ({ page }) => {
  await withServers(async (serve) => {
    const [leaked, fresh] = [newKey(), newKey()];
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
      await open(page, `${address}/login`);
      await expectVisitor(page, "Guest");
      expect((await sessionCookie(page.context()))?.value).not.toBe(copy);
      await page.goto("about:blank");
    });
  });
});

function withChangedCharacter(text: string, index: number) {
  return text.slice(0, index) + (text[index] === "A" ? "B" : "A") + text.slice(index + 1);
}

function newKey() {
  return randomBytes(64).toString("base64");
}
