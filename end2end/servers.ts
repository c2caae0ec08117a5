import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** The first port of the test servers. Each server has its own database. */
const port = Number(process.env.E2E_PORT ?? "3987");

/** Has no limits for sign-ins and new sessions. */
export const defaultServer = `http://127.0.0.1:${port}`;
/** Allows three sign-in attempts per hour. */
export const signInLimitedServer = `http://127.0.0.1:${port + 1}`;
/** Tests may change its database with {@link sql}. */
export const sharedDatabaseServer = `http://127.0.0.1:${port + 2}`;
/** Allows one new session per hour. */
export const sessionLimitedServer = `http://127.0.0.1:${port + 100}`;
export const releaseServer = `http://127.0.0.1:${port + 101}`;
/** The port through which Lighthouse drives its browser. */
export const debuggingPort = port + 102;

export const target = path.resolve(import.meta.dirname, "../target");

/** Passes the URL of the database for {@link sql} to the workers, which start later. */
export function setSharedDatabase(url: string) {
  process.env.SHARED_DATABASE_URL = url;
}

export function buildSql() {
  const build = ["build", "--quiet", "--package", "server", "--example", "sql", "--target-dir", target];
  // The server reads it at compile time, as in bin/lib.sh.
  const env = { ...process.env, LEPTOS_OUTPUT_NAME: "satchel" };
  execFileSync("cargo", build, { cwd: path.dirname(target), env, stdio: "inherit" });
}

/** Runs an SQL statement on the database of {@link sharedDatabaseServer}. */
export function sql(statement: string) {
  execFileSync(path.join(target, "debug/examples/sql"), [process.env.SHARED_DATABASE_URL ?? "", statement]);
}

/** An SQL condition for the sessions of an account. */
export function sessionsOf({ email }: { email: string }) {
  return `owner = (select id from users where email = '${email}')`;
}

/** Makes sensitive changes of an account on {@link sharedDatabaseServer} require its password again. */
export function expireConfirmation(account: { email: string }) {
  const data = "json_set(data, '$.sign_in.d.confirmed_at', 0)";
  sql(`update sessions set data = ${data}, version = version + 1 where ${sessionsOf(account)}`);
}

/** The settings of every server of the tests. The folder contains its database. */
export function serverSettings(url: string, folder: string) {
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

export const serverBinary = path.join(target, "debug/server");

/** The URL for a server that a test starts itself, with one port per worker. */
export function workerServer(worker: number) {
  return `http://127.0.0.1:${port + 3 + worker}`;
}

/** Starts a server for one test. Returns a function that stops it. Throws if it is not ready within 30 seconds. */
export async function startServer(url: string, folder: string, keys: string, overrides: Record<string, string> = {}) {
  const env = { ...process.env, ...serverSettings(url, folder), SESSION_KEYS: keys, ...overrides };
  const child = spawn(serverBinary, { cwd: folder, env, stdio: "ignore" });
  const exited = once(child, "exit");
  const ready = () => fetch(`${url}/readyz`).then((response) => response.ok, () => false);
  const exitReason = () => child.exitCode ?? child.signalCode;
  const deadline = Date.now() + 30_000;
  while (exitReason() === null && !(await ready()) && Date.now() < deadline);
  if (exitReason() !== null || Date.now() >= deadline) {
    child.kill("SIGKILL");
    throw new Error(`the server did not start: ${exitReason() ?? "no response"}`);
  }
  return async () => {
    child.kill("SIGTERM");
    await exited;
  };
}
