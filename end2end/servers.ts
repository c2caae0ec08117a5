import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** The servers that the tests talk to, each with a database of its own. */
const port = Number(process.env.E2E_PORT ?? "3987");

/** Where signing in is never limited. */
export const usualServer = `http://127.0.0.1:${port}`;
/** Where signing in is limited to three tries. */
export const limitedServer = `http://127.0.0.1:${port + 1}`;
/** Where tests may change what the database holds. */
export const changingServer = `http://127.0.0.1:${port + 2}`;
/** Where one session may begin, and no other for an hour. */
export const crowdedServer = `http://127.0.0.1:${port + 100}`;
/** The release, and the port by which Lighthouse drives its browser. */
export const releaseServer = `http://127.0.0.1:${port + 101}`;
export const debuggingPort = port + 102;

export const target = path.resolve(import.meta.dirname, "../target");

/** Tells the workers, which are started later, where the database is that tests may change. */
export function setChangingDatabase(url: string) {
  process.env.CHANGING_DATABASE_URL = url;
}

/** Builds the program behind {@link sql}. */
export function buildSql() {
  const build = ["build", "--quiet", "--package", "server", "--example", "sql", "--target-dir", target];
  // Compiled into the server, as in bin/lib.sh.
  const env = { ...process.env, LEPTOS_OUTPUT_NAME: "satchel" };
  execFileSync("cargo", build, { cwd: path.dirname(target), env, stdio: "inherit" });
}

/** Runs a statement on the database of {@link changingServer}. */
export function sql(statement: string) {
  execFileSync(path.join(target, "debug/examples/sql"), [process.env.CHANGING_DATABASE_URL ?? "", statement]);
}

/** What every server of the tests is told; the folder holds its database. */
export function settings(url: string, folder: string) {
  return {
    DATABASE_URL: `sqlite://${folder}/test.db`,
    LEPTOS_ENV: "DEV",
    LEPTOS_HASH_FILES: "false",
    LEPTOS_OUTPUT_NAME: "satchel",
    LEPTOS_SITE_ADDR: new URL(url).host,
    LEPTOS_SITE_PKG_DIR: "pkg",
    LEPTOS_SITE_ROOT: path.join(target, "site"),
    RUST_LOG: "warn,audit=off",
    SESSION_LIMIT: "off",
    SIGN_IN_LIMIT: "off",
  };
}

/** The debug server. */
export const server = path.join(target, "debug/server");

/** Where a test may run a server of its own: a port for each worker. */
export function ownServer(worker: number) {
  return `http://127.0.0.1:${port + 3 + worker}`;
}

/** Starts a server for one test, and waits until it answers. Returns what stops it. */
export async function start(url: string, folder: string, keys: string, own: Record<string, string> = {}) {
  const env = { ...process.env, ...settings(url, folder), SESSION_KEYS: keys, ...own };
  const child = spawn(server, { cwd: folder, env, stdio: "ignore" });
  const exited = once(child, "exit");
  const ready = () => fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
  const over = () => child.exitCode ?? child.signalCode;
  const deadline = Date.now() + 30_000;
  while (over() === null && !(await ready()) && Date.now() < deadline);
  if (over() !== null || Date.now() >= deadline) {
    child.kill("SIGKILL");
    throw new Error(`the server did not start: ${over() ?? "it does not answer"}`);
  }
  return async () => {
    child.kill("SIGTERM");
    await exited;
  };
}
