import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import path from "node:path";

import { expect, hydrated, test } from "./fixtures";
import { target, usualServer } from "./servers";
import { expectedConsole, states } from "./states";

/** Where the pictures are that `bin/look` makes its sheets of. */
const pictures = path.join(target, "look");

for (const state of states) {
  test.describe(state.name, { tag: state.js ? "@js" : [] }, () => {
    test.use({ baseURL: state.server ?? usualServer });

    test("is well-formed and accessible in both themes, and looks as it looks", async ({ page, browser, account, js, allowConsole }) => {
      allowConsole(expectedConsole);
      await state.reach({ page, browser, account });

      await expect(page).toHaveTitle(/^\S.* · Satchel$/);
      await expectHeadingsInOrder(page);
      if (!state.alone) await expectLandmarks(page);
      await expectPicturesThere(page);
      await expectNoSidewaysScrolling(page);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        if (js) await expectAccessible(page);
        await shoot(page, state.name, colorScheme);
        if (state.picture?.project === test.info().project.name && state.picture.colorScheme === colorScheme) {
          await page.screenshot({ path: path.join(pictures, "readme", `${state.picture.name}.png`) });
        }
      }
      await page.setViewportSize({ width: 320, height: 640 });
      await expectNoSidewaysScrolling(page);
    });
  });
}

test("each page has a description of its own", async ({ page, allowConsole }) => {
  allowConsole(expectedConsole);
  const paths = ["/", "/visits", "/session", "/cookies", "/login", "/register", "/nothing-here"];
  const descriptions = new Set<string>();
  for (const path of paths) {
    await page.goto(path);
    descriptions.add((await page.locator("meta[name=description]").getAttribute("content")) ?? "");
  }
  expect(descriptions.size).toBe(paths.length);
  expect([...descriptions].every((text) => text.length > 20 && text.length < 160)).toBe(true);
});

test.describe("while a page loads", { tag: "@js" }, () => {
  for (const path of ["/", "/visits", "/session", "/cookies", "/login", "/nothing-here"]) {
    test(`nothing on ${path} moves, however late its code comes`, async ({ page, allowConsole }) => {
      allowConsole(expectedConsole);
      await page.addInitScript(watchShifts);
      // The code comes when the page has long been seen.
      await page.route("**/*.wasm", async (route) => {
        await expect.poll(() => page.evaluate(() => performance.getEntriesByName("first-contentful-paint").length)).toBe(1);
        await route.continue();
      });
      await page.goto(path);
      await hydrated(page);
      expect(await shifts(page)).toEqual([]);
    });
  }

  test("a message that comes with it stays where it is", async ({ page }) => {
    await page.addInitScript(watchShifts);
    // As a plain form would leave it: the message waits in the session.
    await page.request.post("/api/visits/reset", { headers: { accept: "text/html" }, maxRedirects: 0 });
    await page.goto("/visits");
    await hydrated(page);
    await expect(page.getByRole("status")).toContainText("The counter has been reset.");
    expect(await shifts(page)).toEqual([]);
  });
});

test("under forced colours what is pressed is told from what is not", { tag: "@js" }, async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto("/session");
  await hydrated(page);
  const look = (name: string) =>
    page.getByRole("button", { name, exact: true }).evaluate((button) => {
      const { backgroundColor, outlineStyle } = getComputedStyle(button);
      return { backgroundColor, outlineStyle, text: (button as HTMLElement).innerText.trim() };
    });
  const [pressed, other] = [await look("System"), await look("Dark")];
  expect(pressed.backgroundColor).not.toBe(other.backgroundColor);
  // The drawings are made of colours: words take their place.
  expect([pressed.text, other.text]).toEqual(["System", "Dark"]);
  await page.getByRole("button", { name: "Dark", exact: true }).focus();
  expect((await look("Dark")).outlineStyle).toBe("solid");
});

test("on the way to another page nothing moves for who would rather it did not", { tag: "@js" }, async ({ page }) => {
  await page.goto("/login");
  await hydrated(page);
  const moving = await page.evaluate(() => getComputedStyle(document.documentElement, "::view-transition-group(root)").animationName);
  expect(moving).toBe("none");
  await page.getByRole("link", { name: "Visits" }).click();
  await expect(page.getByRole("heading", { name: "Your visits" })).toBeVisible();
  expect((await page.evaluate(changeovers)).join(" ")).toBe("");
});

test("for everybody else one page changes over into the next", { tag: "@js" }, async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await page.goto("/login");
  await hydrated(page);
  const moved = page.evaluate(async () => {
    const start = document.startViewTransition.bind(document);
    return new Promise<string[]>((resolve) => {
      document.startViewTransition = (change) => {
        const transition = start(change);
        void transition.ready.then(() =>
          resolve(document.getAnimations().map(({ effect }) => (effect as KeyframeEffect).pseudoElement ?? "")),
        );
        return transition;
      };
    });
  });
  await page.getByRole("link", { name: "Visits" }).click();
  await expect(page.getByRole("heading", { name: "Your visits" })).toBeVisible();
  expect((await moved).join(" ")).toContain("::view-transition-new(root)");
});

// <shop>
test("a printed order is the order alone", { tag: "@js" }, async ({ page, browser, account }) => {
  const order = states.find(({ name }) => name === "an order");
  await order?.reach({ page, browser, account });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await expect(page.getByRole("banner")).toBeHidden();
  await expect(page.getByRole("contentinfo")).toBeHidden();
  await expect(page.getByRole("table")).toBeVisible();
  await expect(page.locator("html")).toHaveCSS("color-scheme", "light");
});
// </shop>

/** Runs in the page: what is changing over from one page to the next. */
function changeovers() {
  const moving = document.getAnimations().map(({ effect }) => (effect as KeyframeEffect).pseudoElement ?? "");
  return moving.filter((part) => part.startsWith("::view-transition"));
}

/** A picture of the whole page, for the sheets of `bin/look`. */
async function shoot(page: Page, state: string, colorScheme: string) {
  const name = `${state.replace(/\W+/g, "-").replace(/^-|-$/g, "")}.${test.info().project.name}.${colorScheme}.png`;
  await page.screenshot({ path: path.join(pictures, name), fullPage: true });
}

/** One main heading, and no level left out on the way down. */
async function expectHeadingsInOrder(page: Page) {
  const headings = page.getByRole("heading");
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  const levels: number[] = [];
  for (const heading of await headings.all()) levels.push(await heading.evaluate(({ tagName }) => Number(tagName.slice(1))));
  levels.reduce((before, level) => {
    expect(level - before, `levels of headings: ${levels.join(" ")}`).toBeLessThanOrEqual(1);
    return level;
  }, 0);
}

async function expectLandmarks(page: Page) {
  for (const landmark of ["banner", "navigation", "main", "contentinfo"] as const) {
    await expect(page.getByRole(landmark)).toHaveCount(1);
  }
}

async function expectPicturesThere(page: Page) {
  for (const picture of await page.locator("img").all()) {
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)).toBe(true);
  }
}

async function expectNoSidewaysScrolling(page: Page) {
  const width = await page.locator("html").evaluate((root) => root.scrollWidth);
  expect(width, "the page's width").toBeLessThanOrEqual(page.viewportSize()?.width ?? 0);
}

/** No violation of any of axe's rules, those included that are off by default: targets of 24 px (WCAG 2.5.8). */
async function expectAccessible(page: Page) {
  const { violations } = await new AxeBuilder({ page }).options({ rules: { "target-size": { enabled: true } } }).analyze();
  const findings = violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help} (${node.target.join(" ")})`));
  expect(findings, "axe violations").toEqual([]);
}

type Shifts = Window & { shifts?: string[] };

/** Runs in the page before all else: notes what moves without the visitor's doing. */
function watchShifts() {
  const seen: string[] = [];
  (window as Shifts).shifts = seen;
  const note = (entry: PerformanceEntry & { sources?: { node?: Element }[] }) =>
    seen.push(entry.sources?.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? "").join(" | ") ?? "");
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type: "layout-shift", buffered: true });
}

/** What has moved, once the page has been drawn twice more. */
function shifts(page: Page) {
  return page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
    return (window as Shifts).shifts ?? [];
  });
}
