// Who a server is, as an approval binds it: for a program its file, its arguments and the files they name, by hash; for
// an address the address. Values of variables and headers are secrets and are bound by their names alone.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, constants, realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { GoclawError, messageOf } from "../domain/error.ts";
import type { McpIdentity, McpServer } from "../domain/mcp.ts";
import { canonical } from "./definition.ts";

export interface Place {
  /** Where programs are looked for. */
  readonly path: string;
  readonly workspace: string;
}

/** Throws MCP_UNAVAILABLE when the program is not there. */
export async function identify(server: McpServer, place: Place): Promise<McpIdentity> {
  const declared = declare(server, place.workspace);
  if (server.transport !== "stdio") return declared;
  const cwd = server.cwd ?? place.workspace;
  const [command = "", ...args] = server.argv;
  const program = await findProgram(command, cwd, place.path, server.name);
  const file = await realpath(program);
  return { ...declared, program, file, sha256: await hashFile(file), files: await hashArguments(args, cwd) };
}

/** What config.yaml alone says about it. */
export function declare(server: McpServer, workspace: string): McpIdentity {
  const { transport, url } = server;
  if (transport !== "stdio") {
    const headers = Object.keys(server.headers).map((name) => name.toLowerCase());
    return { transport, url, headers: headers.sort() };
  }
  const [command = "", ...args] = server.argv;
  const env = Object.keys(server.env).sort();
  return { transport, command, args, env, cwd: server.cwd ?? workspace, sandbox: server.cage ?? "none" };
}

async function findProgram(command: string, cwd: string, path: string, server: string): Promise<string> {
  const candidates = command.includes("/")
    ? [resolve(cwd, command)]
    : path.split(delimiter).flatMap((folder) => (isAbsolute(folder) ? [join(folder, command)] : []));
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile()) return candidate;
    } catch {
      // not here
    }
  }
  const where = command.includes("/") ? candidates[0] : "any directory of PATH";
  throw new GoclawError(
    "MCP_UNAVAILABLE",
    `MCP server ${server}: there is no program ${JSON.stringify(command)} (looked in ${where}); mend mcp.servers`,
  );
}

const CODE = /\.(?:[cm]?[jt]s|py|pyz|rb|sh|pl|php|lua|jar|wasm|exs?)$/i;

/** Arguments that name programs: a script is as much the server as its interpreter is. Data may change. */
async function hashArguments(
  args: readonly string[],
  cwd: string,
): Promise<Readonly<Record<string, string>>> {
  const hashes: [string, string][] = [];
  for (const arg of args) {
    const file = resolve(cwd, arg.replace(/^--?[\w-]+=/, ""));
    const isProgram = await stat(file).then(
      (found) => found.isFile() && (CODE.test(file) || (found.mode & 0o111) !== 0),
      () => false,
    );
    if (isProgram) hashes.push([file, await hashFile(file)]);
  }
  return Object.fromEntries(hashes);
}

interface Hashed {
  readonly stamp: string;
  readonly hash: string;
}

const hashed = new Map<string, Hashed>();

/** A file whose inode, size and times are what they were is not read again. */
async function hashFile(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    const stamp = [dev, ino, size, mtimeNs, ctimeNs].join(":");
    const known = hashed.get(file);
    if (known?.stamp === stamp) return known.hash;
    const digest = createHash("sha256");
    for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
    const hash = digest.digest("hex");
    hashed.set(file, { stamp, hash });
    return hash;
  } catch (error) {
    throw new GoclawError(
      "MCP_UNAVAILABLE",
      `${file} cannot be read (${messageOf(error)}); mend mcp.servers`,
    );
  }
}

/** Lines that say how two identities differ; empty when they are one. */
export function identityChanges(before: McpIdentity, now: McpIdentity): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return keys.flatMap((key) => {
    const [was, is] = [before[key], now[key]].map((value) =>
      value === undefined ? "none" : canonical(value),
    );
    return was === is ? [] : [`${key}: ${was} → ${is}`];
  });
}
