// A cage for a program that runs for long, such as an MCP server: bubblewrap with its own processes, no home and no
// files but the system's programs and what it is given; no network unless it is given that. Never silently without.

import { accessSync, constants, lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { GoclawError } from "../domain/error.ts";
import type { McpCage } from "../domain/mcp.ts";
import { kernelMounts } from "./kernel.ts";

export interface Caged {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
}

const PLACES = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap"];
const LINKS = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
const ETC = [
  ...["alternatives", "ca-certificates", "ld.so.cache", "localtime", "pki", "ssl/certs", "ssl/openssl.cnf"],
].map((name) => join("/etc", name));
const ETC_NETWORK = ["hosts", "nsswitch.conf", "resolv.conf", "services"].map((name) => join("/etc", name));
const SCRATCH_BYTES = "67108864";

/** The same program inside the cage; `own` are files it needs to be itself. Throws SANDBOX_UNAVAILABLE. */
export function cage(
  { argv, cwd }: Caged,
  rules: McpCage,
  own: readonly string[],
): readonly [string, ...string[]] {
  const given = [cwd, ...rules.read, ...rules.write];
  // A link within a directory that is there anyway cannot be mounted over, and need not be.
  const missing = own.filter((path) => !given.some((place) => isWithin(path, place)));
  const reads = [...new Set([...missing, cwd, ...rules.read])].filter((path) => !rules.write.includes(path));
  const mounts = [
    ...reads.map((path) => ({ path, how: "--ro-bind" })),
    ...rules.write.map((path) => ({ path, how: "--bind" })),
  ];
  // What lies within another comes after it.
  const ordered = mounts.toSorted((a, b) => a.path.split("/").length - b.path.split("/").length);
  return [
    findBwrap(),
    ...["user", "pid", "ipc", "uts", "cgroup-try", ...(rules.network ? [] : ["net"])].map(
      (name) => `--unshare-${name}`,
    ),
    ...["--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "cage"],
    ...["--ro-bind", "/usr", "/usr", ...LINKS.flatMap(linked)],
    ...[...ETC, ...(rules.network ? ETC_NETWORK : [])].flatMap((path) => ["--ro-bind-try", path, path]),
    ...["--proc", "/proc", ...kernelMounts(), "--dev", "/dev"],
    ...["/tmp", "/run"].flatMap((path) => ["--size", SCRATCH_BYTES, "--tmpfs", path]),
    ...ordered.flatMap(({ path, how }) => [how, path, path]),
    ...["--remount-ro", "/", "--chdir", cwd, "--", ...argv],
  ];
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(place.endsWith("/") ? place : `${place}/`);
}

function findBwrap(): string {
  const found = PLACES.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found !== undefined) return found;
  throw new GoclawError(
    "SANDBOX_UNAVAILABLE",
    `bubblewrap is not installed (looked for ${PLACES.join(", ")}); install it, or set sandbox.enabled: false if that is meant`,
  );
}

function linked(path: string): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  return stat.isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
}
