// `goclaw codes`: the closed list of reason and error codes.

import { CODES, type CodeInfo, EXIT } from "../domain/error.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { type Cell, writeTable } from "./table.ts";

interface CodesOptions extends GlobalOptions {
  readonly json?: boolean;
}

export async function codes(
  { stdout }: Context,
  _args: readonly string[],
  options: CodesOptions,
): Promise<number> {
  const entries: [string, CodeInfo][] = Object.entries(CODES);
  if (options.json === true) {
    const rows = entries.map(([code, { meaning, http, jsonrpc, retryable }]) => ({
      code,
      meaning,
      http,
      jsonrpc,
      retryable,
    }));
    writeJson(stdout, { codes: rows });
    return EXIT.ok;
  }
  const rows = entries.map(([code, { meaning, http, jsonrpc, retryable }]): Cell[] => [
    { text: code },
    { text: String(http) },
    { text: jsonrpc === 0 ? "–" : String(jsonrpc) },
    { text: retryable ? "yes" : "no" },
    { text: meaning },
  ]);
  writeTable(stdout, ["CODE", "HTTP", "JSON-RPC", "RETRYABLE", "MEANING"], rows, ["JSON-RPC", "RETRYABLE"], {
    wraps: true,
  });
  return EXIT.ok;
}
