/** The servers that the tests talk to: one where signing in is never limited, and one where it is, to three tries. */
const port = Number(process.env.E2E_PORT ?? "3987");

export const usualServer = `http://127.0.0.1:${port}`;
export const limitedServer = `http://127.0.0.1:${port + 1}`;
