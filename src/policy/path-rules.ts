// What a path's text alone says: whether it lies in a directory the policy opens, in that mode, and is not protected.
// Pure and cheap, so that the policy decides with it; the walk in paths.ts asks it again and then looks at the disk.

import { type FileRoot, openRoots, type PathMode } from "../domain/act.ts";
import type { Code } from "../domain/error.ts";
import { quoteName } from "../domain/quote.ts";
import { foldName, whyFlagged, whyProtected } from "./protected.ts";

export type PathJudgement =
  | {
      readonly ok: true;
      /** Absolute and without `.` or doubled slashes; symbolic links are not resolved. */
      readonly real: string;
      /** Why a person should be asked although the policy allows it; null when nobody need be. */
      readonly ask: string | null;
    }
  | { readonly ok: false; readonly code: Code; readonly why: string };

const PATH_BYTES = 4_096;
const NAME_BYTES = 255;
/** Deeper or longer than this is no path but an attempt to fill something. */
const DEPTH = 100;
const ABSURD_CHARS = 16_384;

/** A drive letter, a scheme, a home directory: forms of other systems and of shells, which are names here. */
const FOREIGN = /^(~|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*:\/|[Ff][Ii][Ll][Ee]:|\\\\)/;
const DEVICE = /^\/(dev\/(?!shm(\/|$))|proc\/kcore$|proc\/[^/]+\/mem$)/;
/** The kernel's own trees are opened by no rule; shared memory by one that names it. */
const KERNEL = /^\/(proc|sys)(\/|$)/;
const DEV = /^\/dev(\/|$)/;

/** `path` as the model wrote it: absolute, or relative to the first root. Costs a few microseconds. */
export function judgePath(roots: readonly FileRoot[], path: string, mode: PathMode): PathJudgement {
  const workspace = roots[0]?.path;
  if (workspace === undefined)
    return no("PATH_OUTSIDE", path, "the policy opens no directory (allow_paths is empty)");
  const form = whyMalformed(path);
  if (form !== null) return no(path.length > ABSURD_CHARS ? "LIMIT_SIZE" : "PATH_OUTSIDE", path, form);
  const written = path.startsWith("/") ? path.split("/") : `${workspace}/${path}`.split("/");
  const parts: string[] = [];
  let climbs = false;
  for (const part of written) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      climbs = true;
      parts.pop();
    } else parts.push(part);
  }
  if (parts.length > DEPTH) return no("LIMIT_SIZE", path, `it is deeper than ${DEPTH} directories`);
  const real = `/${parts.join("/")}`;
  if (DEVICE.test(real)) return no("PATH_SPECIAL", path, "it is a device, not a file");
  const shield = whyShielded(workspace, homeOf(workspace), real, mode);
  if (shield !== null && (!climbs || isKnownInHome(workspace, parts)))
    return no("PATH_PROTECTED", path, shield);
  if (climbs) return no("PATH_OUTSIDE", path, 'it has a ".." in it; write the path without');
  if (isBarred(roots, real)) return no("CAP_DENIED", path, BARRED_TEXT);
  const root = rootOf(roots, real);
  if (root === undefined || KERNEL.test(real) || (DEV.test(real) && !DEV.test(root.path)))
    return no("PATH_OUTSIDE", path, outsideText(roots));
  if (mode === "rw" && root.mode === "ro")
    return no("PATH_OUTSIDE", path, `${root.path} is open for reading only`);
  const last = parts.at(-1) ?? "";
  if (parts.some(isTooLong))
    return no("PATH_OUTSIDE", path, `a name in it is longer than ${NAME_BYTES} bytes`);
  return { ok: true, real, ask: mode === "rw" ? whyFlagged(last) : null };
}

/** Why `real` may not be touched, whatever is open: GoClaw's home around the workspace, or a protected name. */
export function whyShielded(
  workspace: string,
  home: string | null,
  real: string,
  mode: PathMode,
): string | null {
  if (isWithin(real, workspace)) return whyProtected(real.slice(workspace.length).split("/"), mode);
  if (home !== null && isWithin(real, home))
    return "GoClaw's own directory is closed to tools; only its workspace is open";
  return whyProtected(real.split("/"), mode);
}

/** What GoClaw keeps in its home; `../x` is just outside, `../policy.yaml` is a try at one of these. */
const HOME_NAMES =
  /^(config\.yaml|policy\.yaml|auth\.token|goclaw\.db.*|soul\.md|agents\.md|\.env|skills|installed|logs|run|backups|cassettes)$/;

function isKnownInHome(workspace: string, parts: readonly string[]): boolean {
  const home = homeOf(workspace);
  if (home === null || !isWithin(`/${parts.join("/")}`, home)) return false;
  return HOME_NAMES.test(foldName(parts[home.split("/").length - 1] ?? ""));
}

/** The innermost root that holds `real`. */
function rootOf(roots: readonly FileRoot[], real: string): FileRoot | undefined {
  let found: FileRoot | undefined;
  for (const root of roots)
    if (
      root.closed !== true &&
      isWithin(real, root.path) &&
      (found === undefined || root.path.length > found.path.length)
    )
      found = root;
  return found;
}

export const BARRED_TEXT = "a rule of the policy speaks against it";

/** Whether a rule speaks against `path`, or against what it lies in. */
export function isBarred(roots: readonly FileRoot[], path: string): boolean {
  return roots.some((root) => root.barred === true && isWithin(path, root.path));
}

/** The outermost root that holds `real`: every name below it is walked without following a link. */
export function outermostRoot(roots: readonly FileRoot[], real: string): FileRoot | undefined {
  let found: FileRoot | undefined;
  for (const root of roots)
    if (
      root.closed !== true &&
      isWithin(real, root.path) &&
      (found === undefined || root.path.length < found.path.length)
    )
      found = root;
  return found;
}

/** GOCLAW_HOME, of which the workspace is a directory; null for a workspace of another place, which tests have. */
export function homeOf(workspace: string): string | null {
  const at = workspace.lastIndexOf("/");
  return at > 0 && workspace.slice(at) === "/workspace" ? workspace.slice(0, at) : null;
}

function isWithin(path: string, root: string): boolean {
  if (root === "/") return true;
  return path.startsWith(root) && (path.length === root.length || path[root.length] === "/");
}

function whyMalformed(path: string): string | null {
  if (path === "") return "it is empty";
  if (path.length > PATH_BYTES || Buffer.byteLength(path) > PATH_BYTES)
    return `it is longer than ${PATH_BYTES} bytes`;
  if (path.includes("\0")) return "it has a NUL character in it";
  if (!path.isWellFormed()) return "it is not valid Unicode";
  if (FOREIGN.test(path))
    return "it is no plain path; write one relative to the workspace, such as notes/a.md, or an absolute one";
  return null;
}

function isTooLong(part: string): boolean {
  return part.length > NAME_BYTES / 3 && Buffer.byteLength(part) > NAME_BYTES;
}

function outsideText(roots: readonly FileRoot[]): string {
  const open = openRoots(roots).map(({ path, mode }) => (mode === "ro" ? `${path} (read only)` : path));
  return `it is in no directory the policy opens, which are: ${open.join(", ")}`;
}

function no(code: Code, path: string, why: string): PathJudgement {
  return { ok: false, code, why: `${quoteName(shorten(path))}: ${why}` };
}

function shorten(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
