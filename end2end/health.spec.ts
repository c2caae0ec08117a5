import { expect, test } from "./fixtures";

for (const path of ["/healthz", "/readyz"]) {
  test(`${path} returns a success status`, async ({ request }) => {
    await expect(await request.get(path)).toBeOK();
  });
}

for (const path of ["/nothing-here", "/pkg/nothing-here.js", "/api/nothing/here"]) {
  test(`${path} returns 404`, async ({ request }) => {
    expect((await request.get(path)).status()).toBe(404);
  });
}

for (const [path, type] of [["/favicon.svg", "image/svg+xml"], ["/robots.txt", "text/plain"]] as const) {
  test(`${path} is served with its content type`, async ({ request }) => {
    const response = await request.get(path);
    await expect(response).toBeOK();
    expect(response.headers()["content-type"]).toContain(type);
  });
}
