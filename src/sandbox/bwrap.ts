// The arguments of bubblewrap for one command. Reading is allowed by list only: the system's programs, a few files of
// /etc, and the directories that the policy opens; there is no network, no other process and no terminal.

import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { FileRoot } from "../domain/act.ts";
import type { Cover } from "./cover.ts";
import { kernelMounts } from "./kernel.ts";
import { LIMITS } from "./limits.ts";

export interface View {
  /** Programs to run: what the sandbox becomes. */
  readonly argv: readonly string[];
  /** Absolute, inside one of the roots. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Real paths that exist. */
  readonly roots: readonly FileRoot[];
  readonly covers: readonly Cover[];
  readonly placed: readonly string[];
  /** An empty file of this machine, shown in place of files that are not. */
  readonly emptyFile: string;
  /** GoClaw's home: not seen, whatever root holds it. */
  readonly home: string;
  readonly seccomp: Uint8Array | undefined;
  readonly uid: number;
  readonly gid: number;
}

export interface Wrapping {
  readonly args: readonly string[];
  /** Read from the descriptors 3, 4, …; the report's descriptor follows them. */
  readonly inputs: readonly Uint8Array[];
}

interface Mount {
  readonly at: string;
  readonly args: readonly string[];
}

const NAMESPACES = ["user", "pid", "ipc", "uts", "net"].map((name) => `--unshare-${name}`);
const SYSTEM_LINKS = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
const ETC = [
  ...["alternatives", "ca-certificates", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "magic"],
  ...["mime.types", "pki/ca-trust", "pki/tls/certs", "protocols", "services", "ssl/certs", "ssl/openssl.cnf"],
].map((name) => join("/etc", name));

export function wrap(view: View): Wrapping {
  const inputs: Uint8Array[] = [];
  const input = (bytes: Uint8Array): string => String(2 + inputs.push(bytes));
  const text = (at: string, content: string): Mount => ({
    at,
    args: ["--perms", "0444", "--ro-bind-data", input(Buffer.from(content)), at],
  });
  const mounts: Mount[] = [
    ...systemMounts(),
    ...[text("/etc/passwd", passwdOf(view)), text("/etc/group", `user:x:${view.gid}:\n`)],
    ...[text("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"), text("/etc/resolv.conf", "")],
    // What is there only to be covered is nothing to commit.
    ...[
      text("/etc/gitconfig", "[core]\n\texcludesFile = /etc/gitignore\n"),
      text("/etc/gitignore", ignored(view)),
    ],
    ...view.roots.map(({ path, mode }) => ({
      at: path,
      args: [mode === "rw" ? "--bind" : "--ro-bind", path, path],
    })),
    ...hideHome(view),
    ...view.covers.map((cover) => coverMount(cover, view.emptyFile)),
  ];
  // What lies within another comes after it.
  const ordered = mounts.toSorted((a, b) => depthOf(a.at) - depthOf(b.at));
  const seccomp = view.seccomp === undefined ? ["--disable-userns"] : ["--seccomp", input(view.seccomp)];
  const environment = Object.entries(view.env).flatMap(([name, value]) => ["--setenv", name, value]);
  const args = [
    ...NAMESPACES,
    ...["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"],
    ...["--hostname", "sandbox", ...environment, ...seccomp],
    ...ordered.flatMap((mount) => mount.args),
    ...["--remount-ro", "/", "--chdir", view.cwd, "--json-status-fd", String(3 + inputs.length)],
    ...["--", ...view.argv],
  ];
  return { args, inputs };
}

function systemMounts(): Mount[] {
  const links = SYSTEM_LINKS.flatMap((at): Mount[] => {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    const isLink = stat.isSymbolicLink();
    return [{ at, args: isLink ? ["--symlink", readlinkSync(at), at] : ["--ro-bind", at, at] }];
  });
  const tmpfs = (at: string, bytes: number): Mount => ({
    at,
    args: ["--size", String(bytes), "--tmpfs", at],
  });
  return [
    { at: "/usr", args: ["--ro-bind", "/usr", "/usr"] },
    ...links,
    ...ETC.map((at) => ({ at, args: ["--ro-bind-try", at, at] })),
    { at: "/proc", args: ["--proc", "/proc", ...kernelMounts()] },
    { at: "/dev", args: ["--dev", "/dev"] },
    ...[
      tmpfs("/dev/shm", LIMITS.sharedBytes),
      tmpfs("/tmp", LIMITS.tmpBytes),
      tmpfs("/run", LIMITS.sharedBytes),
    ],
  ];
}

/** Needed only where a root holds the home: elsewhere nothing of it is there. */
function hideHome({ home, roots }: View): Mount[] {
  if (!roots.some(({ path }) => isWithin(home, path))) return [];
  return [{ at: home, args: ["--perms", "0555", "--tmpfs", home] }];
}

function coverMount({ path, as }: Cover, emptyFile: string): Mount {
  switch (as) {
    // What its owner deleted a moment ago needs no cover.
    case "pinned":
      return { at: path, args: ["--bind-try", path, path] };
    case "read":
      return { at: path, args: ["--ro-bind-try", path, path] };
    case "empty_file":
      return { at: path, args: ["--ro-bind", emptyFile, path] };
    case "empty_directory":
      return { at: path, args: ["--perms", "0555", "--tmpfs", path, "--remount-ro", path] };
  }
}

function passwdOf({ uid, gid, env }: View): string {
  const name = uid === 0 ? "root" : "user";
  return `${name}:x:${uid}:${gid}::${env.HOME ?? "/"}:/bin/sh\n`;
}

function ignored({ placed, roots }: View): string {
  return placed
    .flatMap((path) =>
      roots.filter((root) => isWithin(path, root.path)).map((root) => path.slice(root.path.length)),
    )
    .map((line) => `${line}\n`)
    .join("");
}

function depthOf(path: string): number {
  return path === "/" ? 0 : path.split("/").length - 1;
}

export function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root === "/" ? "/" : `${root}/`);
}
