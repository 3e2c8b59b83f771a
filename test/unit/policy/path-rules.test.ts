// What a path's text alone decides, before anything looks at the disk.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { FileRoot } from "../../../src/domain/act.ts";
import { judgePath } from "../../../src/policy/path-rules.ts";
import { row } from "../../support/catalogue.ts";

const WORK = "/home/u/.goclaw/workspace";
const ROOTS: readonly FileRoot[] = [{ path: WORK, mode: "rw" }];

function codeOf(path: string, mode: "ro" | "rw" = "rw", roots = ROOTS): string {
  const judged = judgePath(roots, path, mode);
  return judged.ok ? "ok" : judged.code;
}

test("a path inside is made absolute, without dots and doubled slashes", () => {
  const plain = { ok: true, ask: null };
  expect(judgePath(ROOTS, "notes/a.md", "rw")).toEqual({ ...plain, real: `${WORK}/notes/a.md` });
  expect(judgePath(ROOTS, "./notes//./a.md/", "rw")).toEqual({ ...plain, real: `${WORK}/notes/a.md` });
  expect(judgePath(ROOTS, `${WORK}/ž.md`, "ro")).toEqual({ ...plain, real: `${WORK}/ž.md` });
  expect(judgePath(ROOTS, ".", "ro")).toEqual({ ...plain, real: WORK });
  expect(judgePath(ROOTS, "a..b/...", "ro")).toEqual({ ...plain, real: `${WORK}/a..b/...` });
});

test.each([
  "../../etc/passwd",
  "/etc/passwd",
  "~/x",
  "~root/x",
  "a/../../x",
  "../workspace-secret",
  "a/../b",
  "..",
  "file:///etc/passwd",
  "file:/etc/passwd",
  "FILE:x",
  "http://a.example/x",
  "C:\\x",
  "c:/x",
  "\\\\host\\share",
  "a\0b",
  "",
  "\ud800",
  "x".repeat(5_000),
  "é".repeat(2_049),
  "x".repeat(256),
])(row("G-01", "%j is not a path that tools take"), (path) => {
  for (const mode of ["ro", "rw"] as const) expect(codeOf(path, mode)).toBe("PATH_OUTSIDE");
});

test(row("G-01", "the refusal names the path, what is open, and hides no character"), () => {
  expect(judgePath(ROOTS, "/etc/\u202epasswd\u001b", "ro")).toEqual({
    ok: false,
    code: "PATH_OUTSIDE",
    why: `"/etc/\\u202epasswd\\u001b": it is in no directory the policy opens, which are: ${WORK}`,
  });
});

test(row(["G-02", "D-13"], "a root ends at a slash, and case counts"), () => {
  const roots: readonly FileRoot[] = [...ROOTS, { path: "/srv/work", mode: "rw" }];
  for (const path of [
    "/srv/work2",
    "/srv/work-secret/x",
    "/srv/work/../etc",
    "/srv/WORK",
    "/srv",
    `${WORK}-secret/x`,
  ])
    expect(codeOf(path, "ro", roots), path).not.toBe("ok");
  expect(codeOf("/srv/work2", "ro", roots)).toBe("PATH_OUTSIDE");
  expect(codeOf("/srv/work/../etc", "ro", roots)).toBe("PATH_OUTSIDE");
  expect(codeOf("/srv/WORK", "ro", roots)).toBe("PATH_OUTSIDE");
  expect(codeOf("/srv/work", "rw", roots)).toBe("ok");
  expect(codeOf("/srv/work/x", "rw", roots)).toBe("ok");
});

test(row("D-03", "no open directory opens nothing"), () => {
  expect(codeOf("x", "ro", [])).toBe("PATH_OUTSIDE");
  expect(codeOf("/x", "ro", [])).toBe("PATH_OUTSIDE");
});

test("what is open for reading is not open for writing, and the inner root decides", () => {
  const roots: readonly FileRoot[] = [
    ...ROOTS,
    { path: "/srv", mode: "ro" },
    { path: "/srv/out", mode: "rw" },
    { path: `${WORK}/fixed`, mode: "ro" },
  ];
  expect(codeOf("/srv/a", "ro", roots)).toBe("ok");
  expect(codeOf("/srv/a", "rw", roots)).toBe("PATH_OUTSIDE");
  expect(codeOf("/srv/out/a", "rw", roots)).toBe("ok");
  expect(codeOf("fixed/a", "rw", roots)).toBe("PATH_OUTSIDE");
  expect(codeOf("fixed/a", "ro", roots)).toBe("ok");
});

test(row("G-08", "an absurd path is a matter of size"), () => {
  expect(codeOf(Array(200).fill("x".repeat(255)).join("/"))).toBe("LIMIT_SIZE");
  expect(codeOf(Array(200).fill("x").join("/"))).toBe("LIMIT_SIZE");
});

test.each([
  "/tmp/x",
  "/dev/shm/x",
  "/proc/self/cwd/../x",
  "/proc/self/root/etc/passwd",
  "/proc/self/fd/3",
  "/sys/x",
])(row("G-09", "%s is outside, even for a policy that opens everything"), (path) => {
  expect(codeOf(path, "ro")).toBe("PATH_OUTSIDE");
  if (!path.startsWith("/tmp"))
    expect(codeOf(path, "ro", [...ROOTS, { path: "/", mode: "rw" }])).toBe("PATH_OUTSIDE");
});

test.each(["/dev/zero", "/dev/sda", "/proc/self/mem", "/proc/1/mem", "/proc/kcore"])(
  row("G-07", "%s is a device"),
  (path) => {
    expect(codeOf(path, "ro")).toBe("PATH_SPECIAL");
    expect(codeOf(path, "ro", [...ROOTS, { path: "/", mode: "rw" }])).toBe("PATH_SPECIAL");
  },
);

test("whatever the text, it is judged, and what passes lies in a root without dots", () => {
  const part = fc.constantFrom(
    "a",
    "..",
    ".",
    "",
    "etc",
    ".git",
    "~",
    "home",
    "u",
    ".goclaw",
    "workspace",
    "é",
    "\0",
  );
  const path = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.array(part).map((parts) => parts.join("/")),
  );
  fc.assert(
    fc.property(path, fc.constantFrom("ro" as const, "rw" as const), (text, mode) => {
      const judged = judgePath(ROOTS, text, mode);
      if (!judged.ok) {
        expect(judged.why.length).toBeGreaterThan(0);
        return;
      }
      expect(judged.real === WORK || judged.real.startsWith(`${WORK}/`)).toBe(true);
      expect(
        judged.real
          .split("/")
          .slice(1)
          .some((name) => name === "" || name === "." || name === ".."),
      ).toBe(false);
    }),
    { numRuns: 3_000 },
  );
});
