// What no tool may read no command reads either: in whichever directory that the policy opens, to be written or not, and
// however far down.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FileRoot } from "../../../src/domain/act.ts";
import { row } from "../../support/catalogue.ts";
import { hasBwrap } from "../../support/sandbox.ts";
import { openSandboxRig, type SandboxRig } from "./rig.ts";

let rig: SandboxRig;
let user = "";
beforeEach(() => {
  rig = openSandboxRig();
  user = realpathSync(mkdtempSync(join(tmpdir(), "goclaw-user-")));
});
afterEach(async () => {
  await rig.close();
  rmSync(user, { recursive: true, force: true });
});

const SECRETS = [
  ...[
    ".ssh/id_rsa",
    ".aws/credentials",
    ".config/gcloud/token",
    ".env",
    "project/.env",
    "project/.env.local",
  ],
  ...[
    "project/deep/keys/id_ed25519",
    "project/prod.env",
    ".mozilla/x/logins.json",
    ".cargo/credentials.toml",
  ],
];
const OTHERS = ["project/readme", ".config/other/x", "project/.env.example"];

function put(name: string): void {
  mkdirSync(dirname(join(user, name)), { recursive: true });
  writeFileSync(join(user, name), `content of ${name}\n`);
}

const open = (mode: FileRoot["mode"], path = user) => ({
  roots: [
    { path: rig.workspace, mode: "rw" as const },
    { path, mode },
  ],
});

describe.skipIf(!hasBwrap())("in bubblewrap", () => {
  test.each(["ro", "rw"] as const)(
    row("G-10", "no secret in a directory opened %s is read"),
    async (mode) => {
      for (const name of [...SECRETS, ...OTHERS]) put(name);
      const { out } = await rig.sh(
        `cd ${user}; cat ${[...SECRETS, ...OTHERS].join(" ")}; grep -r content .`,
        open(mode),
      );
      expect(SECRETS.filter((name) => out.includes(`content of ${name}\n`))).toEqual([]);
      expect(OTHERS.filter((name) => !out.includes(`content of ${name}\n`))).toEqual([]);
      await rig.sh(
        `cd ${user}; echo x > .env; mv .ssh s2; mv project p2; cat p2/.env s2/id_rsa; rm -rf .aws project`,
        open(mode),
      );
      for (const name of SECRETS.filter((each) => each.startsWith(".")))
        expect(readFileSync(join(user, name), "utf8")).toBe(`content of ${name}\n`);
    },
  );

  test(row("F-18", "keys that let somebody in cannot be left where there are none yet"), async () => {
    put("readme");
    put(".goclaw/x");
    const { out } = await rig.sh(
      `cd ${user}; mkdir .ssh; echo key > .ssh/authorized_keys; cat .goclaw/x; ls .goclaw`,
      open("rw"),
    );
    expect([out, readdirSync(user).sort()]).toEqual(["", [".goclaw", "readme"]]);
  });

  test(row("G-10", "a directory that is a secret is not opened, whatever lists it"), async () => {
    put(".ssh/id_rsa");
    const { out } = await rig.sh(`cat ${user}/.ssh/id_rsa`, open("ro", join(user, ".ssh")));
    expect(out).toBe("");
  });

  test(
    row("D-04", "what a rule closes inside a directory that may only be read opens nothing around it"),
    async () => {
      for (const name of ["a/b/closed", "a/b/other", "a/other"]) put(name);
      const barred = [join(user, "a/b/closed")];
      const { out } = await rig.sh(
        `cd ${user}/a; cat b/closed; echo x > new; echo x > b/new; echo x >> other; cat b/other`,
        {
          ...open("ro"),
          barred,
        },
      );
      expect(out).toBe("content of a/b/other\n");
      expect([existsSync(join(user, "a/new")), existsSync(join(user, "a/b/new"))]).toEqual([false, false]);
      expect(readFileSync(join(user, "a/other"), "utf8")).toBe("content of a/other\n");
    },
  );

  test(row("D-08", "a home that is named by a link is hidden like any other"), async () => {
    writeFileSync(join(rig.home, "config.yaml"), "api_key: hidden\n");
    const link = join(user, "home");
    symlinkSync(rig.home, link);
    const named = openSandboxRig({}, link);
    const { out } = await named.sh(`cat ${rig.home}/config.yaml; ls ${rig.home}`, {
      ...{ workspace: rig.workspace, cwd: rig.workspace },
      ...open("rw", dirname(rig.home)),
    });
    await named.close();
    expect(out).toBe("workspace\n");
  });

  test("a policy that opens / opens what is not the system's own, and commands run", async () => {
    put("project/readme");
    const { out, code } = await rig.sh("ls /; cat /etc/shadow; ls -d /var", open("ro", "/"));
    expect([code, out]).toEqual([0, expect.stringContaining("/var")]);
    expect(out).not.toMatch(/root:/);
  });
});
