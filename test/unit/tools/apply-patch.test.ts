// apply_patch: every file or none, wherever it fails and whenever it is interrupted, and a patch that does not fit says
// where and why.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyPatch } from "../../../src/tools/apply-patch.ts";
import { applyHunks } from "../../../src/tools/patch-hunks.ts";
import { parsePatch } from "../../../src/tools/patch-text.ts";
import { caller } from "../../support/call-tool.ts";
import { row } from "../../support/catalogue.ts";
import { toolContext } from "../../support/tool-context.ts";
import { verifies } from "../../support/verifies.ts";
import { makePlace, type Place } from "../../support/workspace.ts";

const patchOf = (...lines: string[]): string => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");
const PATCH = patchOf(
  "*** Add File: new/a.txt",
  "+hello",
  "+",
  "*** Update File: b.py",
  "@@ def two():",
  "-    return 1",
  "+    return 2",
  "*** Update File: c.txt",
  "*** Move to: moved/c.txt",
  " keep",
  "-old",
  "+new",
  "*** Delete File: d.txt",
);

function openPlace(): Place {
  const place = makePlace();
  place.put("b.py", "def one():\n    return 1\n\ndef two():\n    return 1\n");
  place.put("c.txt", "keep\nold\nend");
  place.put("d.txt", "gone");
  return place;
}

function filesOf(place: Place): Record<string, string> {
  const files = readdirSync(place.workspace, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("/.goclaw"))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.map((file) => [file.slice(place.workspace.length + 1), readFileSync(file, "utf8")]),
  );
}

const AFTER = {
  "b.py": "def one():\n    return 1\n\ndef two():\n    return 2\n",
  "moved/c.txt": "keep\nnew\nend",
  "new/a.txt": "hello\n\n",
};

test("adds, updates, moves and deletes, and says so", async () => {
  const place = openPlace();
  expect(await caller(applyPatch, place)({ patch: PATCH })).toBe(
    "applied the patch:\nupdated b.py\nmoved c.txt to moved/c.txt\ndeleted d.txt\nadded new/a.txt",
  );
  expect(filesOf(place)).toEqual(AFTER);
});

test("every path it touches is told to the policy, and none when it does not parse", () => {
  const touched = applyPatch.touches?.({ patch: PATCH }).map(({ path }) => [path?.path, path?.mode]);
  expect(touched).toEqual(["new/a.txt", "b.py", "c.txt", "moved/c.txt", "d.txt"].map((path) => [path, "rw"]));
  expect(applyPatch.touches?.({ patch: "nonsense" })).toEqual([]);
});

test(
  row("G-11", "a patch that does not fit names its line and the reason, and changes no file"),
  async () => {
    const place = openPlace();
    const before = filesOf(place);
    const tries: [string, RegExp][] = [
      ["", /BAD_REQUEST: line 1 of the patch: the patch must begin/],
      ["*** Begin Patch\n*** Add File: x\n+x", /BAD_REQUEST: line 3 .*must end/],
      [patchOf(), /BAD_REQUEST: line 2 .*changes no file/],
      [patchOf("--- a/x", "+++ b/x"), /BAD_REQUEST: line 2 .*expected "\*\*\* Add File/],
      [patchOf("*** Add File: x", "no plus"), /BAD_REQUEST: line 3 .*begin with "\+"/],
      [patchOf("*** Update File: b.py", " def one():"), /BAD_REQUEST: line 3 .*no line with "-" or "\+"/],
      [patchOf("*** Update File: b.py"), /BAD_REQUEST: .*changes nothing/],
      [
        patchOf("*** Add File: x", "+1", "*** Update File: b.py", "-nowhere", "+x"),
        /b\.py: the change at line 5 .*not there/,
      ],
      [
        patchOf("*** Add File: x", "+1", "*** Update File: b.py", "-    return 1", "+x"),
        /at line 2 and at line 5; add context/,
      ],
      [
        patchOf("*** Add File: x", "+1", "*** Update File: b.py", "@@ def three():", "-    return 1"),
        /no line "def three\(\):"/,
      ],
      [patchOf("*** Add File: x", "+1", "*** Delete File: none"), /TOOL_FAILED: none: it does not exist/],
      [patchOf("*** Add File: b.py", "+1"), /TOOL_FAILED: b\.py: it exists already/],
      [patchOf("*** Add File: x", "+1", "*** Delete File: x"), /BAD_REQUEST: .*names "x" twice/],
      [patchOf("*** Delete File: d.txt", "*** Delete File: ./d.txt"), /TOOL_FAILED: .*twice/],
      [patchOf("*** Update File: b.py", "*** Move to: c.txt"), /TOOL_FAILED: c\.txt: it exists already/],
      [patchOf(...Array.from({ length: 101 }, (_, n) => `*** Add File: f${n}`)), /LIMIT_SIZE: .*101 files/],
    ];
    for (const [patch, why] of tries) {
      expect(await caller(applyPatch, place)({ patch })).toMatch(why);
      expect(filesOf(place), patch).toEqual(before);
    }
  },
);

test(row(["G-01", "G-03", "G-13"], "one forbidden path forbids the whole patch"), async () => {
  const place = openPlace();
  symlinkSync(place.outside, place.at("out"));
  const before = filesOf(place);
  for (const [path, code] of [
    ["../x", "PATH_OUTSIDE"],
    ["out/x", "PATH_SYMLINK"],
    [".git/hooks/pre-commit", "PATH_PROTECTED"],
    ["AGENTS.md", "PATH_PROTECTED"],
  ] as const) {
    const patch = patchOf(
      "*** Delete File: d.txt",
      "*** Update File: b.py",
      " def one():",
      "+    pass",
      `*** Add File: ${path}`,
      "+x",
    );
    expect(await caller(applyPatch, place)({ patch })).toMatch(new RegExp(`^! ${code}: `));
    expect(filesOf(place)).toEqual(before);
  }
  expect(readdirSync(place.outside)).toEqual(["secret.txt"]);
});

test("a failure in the middle puts back what was changed", async () => {
  const place = openPlace();
  const before = filesOf(place);
  const running = applyPatch.run({ patch: PATCH }, toolContext(place.workspace));
  // The last step cannot be made: a directory stands in its place by then.
  const blocked = place.at("new/a.txt");
  while (!existsSync(place.at("new"))) await new Promise((resolve) => setImmediate(resolve));
  mkdirSync(join(blocked, "full"), { recursive: true });
  await expect(running).rejects.toThrow(/no file is changed/);
  rmSync(blocked, { recursive: true });
  expect(filesOf(place)).toEqual(before);
});

test(
  verifies("QUE-006", "interrupted after any number of steps, the same act again finishes the rest"),
  async () => {
    const whole = openPlace();
    await caller(applyPatch, whole)({ patch: PATCH }, { effectKey: "k" });
    const steps: ((place: Place) => void)[] = [
      (place) => place.put("b.py", AFTER["b.py"]),
      (place) => place.put("moved/c.txt", AFTER["moved/c.txt"]),
      (place) => rmSync(place.at("c.txt")),
      (place) => rmSync(place.at("d.txt")),
      (place) => place.put("new/a.txt", AFTER["new/a.txt"]),
    ];
    for (let done = 0; done <= steps.length; done++) {
      const place = openPlace();
      const patch = caller(applyPatch, place);
      await patch({ patch: PATCH }, { effectKey: "k" });
      // Back to the state in which only the first steps had been made; the record stays.
      for (const name of ["moved", "new"]) rmSync(place.at(name), { recursive: true });
      place.put("b.py", "def one():\n    return 1\n\ndef two():\n    return 1\n");
      place.put("c.txt", "keep\nold\nend");
      place.put("d.txt", "gone");
      for (const step of steps.slice(0, done)) step(place);
      expect(await patch({ patch: PATCH }, { effectKey: "k" }), `${done}`).toMatch(/^applied the patch:/);
      expect(filesOf(place), `${done}`).toEqual(AFTER);
    }
  },
);

test("a file that somebody changed while the act was interrupted is left to them", async () => {
  const place = openPlace();
  const patch = caller(applyPatch, place);
  await patch({ patch: PATCH }, { effectKey: "k" });
  place.put("b.py", "another's");
  expect(await patch({ patch: PATCH }, { effectKey: "k" })).toMatch(
    /^! TOOL_FAILED: b\.py: the file was changed by somebody/,
  );
  expect(filesOf(place)).toEqual({ ...AFTER, "b.py": "another's" });
});

test("line ends stay, blanks at line ends are forgiven, and a change at the end stays there", () => {
  const hunksOf = (...lines: string[]) => {
    const [op] = parsePatch(patchOf("*** Update File: f", ...lines));
    return op?.type === "update" ? op.hunks : [];
  };
  expect(applyHunks("a\r\nb\r\n", hunksOf(" a", "-b", "+c", "+d"), "f")).toBe("a\r\nc\r\nd\r\n");
  expect(applyHunks("a  \nb\n", hunksOf(" a", "-b", "+c"), "f")).toBe("a  \nc\n");
  expect(applyHunks("x\ny\nx\n", hunksOf("-x", "+z", "*** End of File"), "f")).toBe("x\ny\nz\n");
  expect(applyHunks("a\n", hunksOf("+b"), "f")).toBe("a\nb\n");
  expect(applyHunks("a\nb\na\nb\n", hunksOf(" a", "+1", " b", "+2", " a"), "f")).toBe("a\n1\nb\n2\na\nb\n");
  expect(applyHunks("a\n@@\nb\n", hunksOf("@@ -1,3 +1,3 @@", "-b", "+c"), "f")).toBe("a\n@@\nc\n");
});

test("for any two texts of distinct lines, the patch from one to the other makes it", () => {
  const lines = fc.uniqueArray(fc.string({ unit: fc.constantFrom("a", "b", "c", " ", "\\"), maxLength: 4 }), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(lines, lines, (from, to) => {
      fc.pre(from.join() !== to.join() && from.every((line) => line.trimEnd() === line));
      const body = [...from.map((line) => `-${line}`), ...to.map((line) => `+${line}`)];
      const [op] = parsePatch(patchOf("*** Update File: f", ...body));
      const hunks = op?.type === "update" ? op.hunks : [];
      expect(applyHunks(from.map((line) => `${line}\n`).join(""), hunks, "f")).toBe(
        to.map((line) => `${line}\n`).join(""),
      );
    }),
  );
});

test(row("G-11", "a patch that could take for ever is refused"), () => {
  const text = "\n".repeat(200_000);
  const body = [...Array(2_000).fill("-"), "-x", "+y"];
  const [op] = parsePatch(patchOf("*** Update File: f", ...body));
  const hunks = op?.type === "update" ? op.hunks : [];
  expect(() => applyHunks(text, hunks, "f")).toThrow(/takes too long/);
});
