import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import path from "node:path";

import { guestPages } from "./every-page";
import { demo, expect, expectNoAxeViolations, test, waitForHydration } from "./fixtures";
import { defaultServer, target } from "./servers";
import { expectedConsoleMessages, states } from "./states";

/** The folder for the screenshots that `bin/look` arranges on sheets. */
const pictures = path.join(target, "look");

for (const state of states) {
  test.describe(state.name, { tag: state.jsOnly ? "@js" : [] }, () => {
    test.use({ baseURL: state.server ?? defaultServer });

    test("is well-formed and accessible in both themes and fits a small screen", async ({ page, browser, account, js, allowConsole }) => {
      allowConsole(expectedConsoleMessages);
      await state.prepare({ page, browser, account });

      await expect(page).toHaveTitle(/^\S.* · Satchel$/);
      await expectHeadingsInOrder(page);
      if (!state.withoutLayout) await expectLandmarks(page);
      await expectImagesLoaded(page);
      await expectNoHorizontalScrolling(page);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        if (js) await expectAccessible(page);
        await saveScreenshot(page, state.name, colorScheme);
        if (state.picture?.project === test.info().project.name && state.picture.colorScheme === colorScheme) {
          await page.screenshot({ path: path.join(pictures, "readme", `${state.picture.name}.png`) });
        }
      }
      await page.setViewportSize({ width: 320, height: 640 });
      await expectNoHorizontalScrolling(page);
    });
  });
}

test("each page has its own description", async ({ page, allowConsole }) => {
  allowConsole(expectedConsoleMessages);
  const descriptions = new Set<string>();
  for (const path of guestPages) {
    await page.goto(path);
    descriptions.add((await page.locator("meta[name=description]").getAttribute("content")) ?? "");
  }
  expect(descriptions.size).toBe(guestPages.length);
  expect([...descriptions].every((text) => text.length > 20 && text.length < 160)).toBe(true);
});

test.describe("while a page loads", { tag: "@js" }, () => {
  for (const path of guestPages) {
    test(`nothing on ${path} moves, even if its code arrives late`, async ({ page, allowConsole }) => {
      allowConsole(expectedConsoleMessages);
      await page.addInitScript(recordLayoutShifts);
      // Delays the code until the page has been painted.
      await page.route("**/*.wasm", async (route) => {
        await expect.poll(() => page.evaluate(() => performance.getEntriesByName("first-contentful-paint").length)).toBe(1);
        await route.continue();
      });
      await page.goto(path);
      await waitForHydration(page);
      expect(await layoutShifts(page)).toEqual([]);
    });
  }

  test("a success message does not move", async ({ page }) => {
    await page.addInitScript(recordLayoutShifts);
    // Like a plain form, this stores the message in the session for the next page.
    const { email, password } = demo;
    await page.request.post("/api/auth/login", { form: { email, password }, headers: { accept: "text/html" }, maxRedirects: 0 });
    await page.goto("/");
    await waitForHydration(page);
    await expect(page.getByRole("status")).toContainText("Welcome! You are signed in now.");
    expect(await layoutShifts(page)).toEqual([]);
  });
});

test("with forced colours a pressed button differs from the others", { tag: "@js" }, async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto("/login");
  await waitForHydration(page);
  const styleOf = (name: string) =>
    page.getByRole("button", { name, exact: true }).evaluate((button) => {
      const { backgroundColor, outlineStyle } = getComputedStyle(button);
      return { backgroundColor, outlineStyle, text: (button as HTMLElement).innerText.trim() };
    });
  const [pressed, other] = [await styleOf("System"), await styleOf("Dark")];
  expect(pressed.backgroundColor).not.toBe(other.backgroundColor);
  // Icons need colours, so the buttons show text instead.
  expect([pressed.text, other.text]).toEqual(["System", "Dark"]);
  await page.getByRole("button", { name: "Dark", exact: true }).focus();
  expect((await styleOf("Dark")).outlineStyle).toBe("solid");
});

test("page transitions are off for visitors who prefer reduced motion", { tag: "@js" }, async ({ page }) => {
  await page.goto("/login");
  await waitForHydration(page);
  const moving = await page.evaluate(() => getComputedStyle(document.documentElement, "::view-transition-group(root)").animationName);
  expect(moving).toBe("none");
  await page.getByRole("link", { name: "Create an account" }).click();
  await expect(page.getByRole("heading", { name: "Create an account" })).toBeVisible();
  expect((await page.evaluate(runningTransitions)).join(" ")).toBe("");
});

test("page transitions are on for other visitors", { tag: "@js" }, async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await page.goto("/login");
  await waitForHydration(page);
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
  await page.getByRole("link", { name: "Create an account" }).click();
  await expect(page.getByRole("heading", { name: "Create an account" })).toBeVisible();
  expect((await moved).join(" ")).toContain("::view-transition-new(root)");
});

// <shop>
test("a printed order has no header and no footer", { tag: "@js" }, async ({ page, browser, account }) => {
  const order = states.find(({ name }) => name === "an order");
  await order?.prepare({ page, browser, account });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await expect(page.getByRole("banner")).toBeHidden();
  await expect(page.getByRole("contentinfo")).toBeHidden();
  await expect(page.getByRole("table")).toBeVisible();
  await expect(page.locator("html")).toHaveCSS("color-scheme", "light");
});
// </shop>

function runningTransitions() {
  const moving = document.getAnimations().map(({ effect }) => (effect as KeyframeEffect).pseudoElement ?? "");
  return moving.filter((part) => part.startsWith("::view-transition"));
}

/** Saves a screenshot of the whole page for the sheets of `bin/look`. */
async function saveScreenshot(page: Page, state: string, colorScheme: string) {
  const name = `${state.replace(/\W+/g, "-").replace(/^-|-$/g, "")}.${test.info().project.name}.${colorScheme}.png`;
  await page.screenshot({ path: path.join(pictures, name), fullPage: true });
}

/** Expects one main heading and no skipped level. */
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

async function expectImagesLoaded(page: Page) {
  for (const picture of await page.locator("img").all()) {
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)).toBe(true);
  }
}

async function expectNoHorizontalScrolling(page: Page) {
  const width = await page.locator("html").evaluate((root) => root.scrollWidth);
  expect(width, "the page's width").toBeLessThanOrEqual(page.viewportSize()?.width ?? 0);
}

/** Expects no axe violations. Includes the rule for targets of 24 px (WCAG 2.5.8), which is off by default. */
async function expectAccessible(page: Page) {
  await expectNoAxeViolations(page, new AxeBuilder({ page }).options({ rules: { "target-size": { enabled: true } } }));
}

type Shifts = Window & { layoutShifts?: string[] };

/** Runs in the page before its own scripts. Records all layout shifts. */
function recordLayoutShifts() {
  const seen: string[] = [];
  (window as Shifts).layoutShifts = seen;
  const note = (entry: PerformanceEntry & { sources?: { node?: Element }[] }) =>
    seen.push(entry.sources?.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? "").join(" | ") ?? "");
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type: "layout-shift", buffered: true });
}

/** Waits two frames and returns the recorded layout shifts. */
function layoutShifts(page: Page) {
  return page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
    return (window as Shifts).layoutShifts ?? [];
  });
}
