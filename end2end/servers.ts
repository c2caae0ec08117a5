import { execFileSync } from "node:child_process";
import path from "node:path";

/** The servers that the tests talk to, each with a database of its own. */
const port = Number(process.env.E2E_PORT ?? "3987");

/** Where signing in is never limited. */
export const usualServer = `http://127.0.0.1:${port}`;
/** Where signing in is limited to three tries. */
export const limitedServer = `http://127.0.0.1:${port + 1}`;
/** Where tests may change what the database holds. */
export const changingServer = `http://127.0.0.1:${port + 2}`;

export const target = path.resolve(import.meta.dirname, "../target");

/** Tells the workers, which are started later, where the database is that tests may change. */
export function setChangingDatabase(url: string) {
  process.env.CHANGING_DATABASE_URL = url;
}

/** Builds the program behind {@link sql}. */
export function buildSql() {
  const build = ["build", "--quiet", "--package", "server", "--example", "sql", "--target-dir", target];
  execFileSync("cargo", build, { cwd: path.dirname(target), stdio: "inherit" });
}

/** Runs a statement on the database of {@link changingServer}. */
export function sql(statement: string) {
  execFileSync(path.join(target, "debug/examples/sql"), [process.env.CHANGING_DATABASE_URL ?? "", statement]);
}
