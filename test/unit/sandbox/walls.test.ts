// What a command in the real sandbox can reach: the rows of the catalogue about files, environment, network, other
// processes and the terminal, tried with real programs.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { row } from "../../support/catalogue.ts";
import { hasBwrap } from "../../support/sandbox.ts";
import { openSandboxRig, type SandboxRig } from "./rig.ts";

let rig: SandboxRig;
beforeEach(() => {
  rig = openSandboxRig();
});
afterEach(() => rig.close());

const inWorkspace = (name: string): string => join(rig.workspace, name);

describe.skipIf(!hasBwrap())("in bubblewrap", () => {
  test(row("F-05", "an argument reaches the program as it is written"), async () => {
    const literal = ["*", "$HOME/.ssh/id_rsa", "~/x", "{a,/etc/passwd}", "`id`", "a;b", "$(id)"];
    const { out } = await rig.run(["printf", "%s\\n", ...literal]);
    expect(out.trimEnd().split("\n")).toEqual(literal);
    expect((await rig.run(["head", "*"])).err).toContain("'*'");
  });

  test("reading is by list: the home of GoClaw and of the user, and most of /etc, are not there", async () => {
    writeFileSync(join(rig.home, "auth.token"), "canary");
    const { out, err } = await rig.sh(
      `ls -A ${rig.home}; cat ${rig.home}/auth.token /etc/shadow; ls /root /home /var`,
    );
    expect(out.trim()).toBe("workspace");
    expect(err).toMatch(/auth.token'?: No such file/);
    expect(err).toMatch(/shadow'?: No such file/);
    expect(err).toMatch(/\/var'?: No such file/);
    expect((await rig.sh("cat /etc/passwd")).out.split("\n").filter(Boolean)).toHaveLength(1);
  });

  test("the home stays unseen when the policy opens a directory around it", async () => {
    writeFileSync(join(rig.home, "auth.token"), "canary");
    mkdirSync(join(rig.home, "skills"));
    const roots = [rig.workspace, join(rig.home, ".."), join(rig.home, "skills")];
    const { out } = await rig.sh(`ls -A ${rig.home}`, { roots: roots.map((path) => ({ path, mode: "rw" })) });
    expect(out.trim()).toBe("workspace");
  });

  test("a directory that the policy opens for reading can be read and not written", async () => {
    const other = openSandboxRig();
    try {
      writeFileSync(join(other.workspace, "a"), "read me");
      const roots = [
        { path: rig.workspace, mode: "rw" },
        { path: other.workspace, mode: "ro" },
      ] as const;
      const { out, err } = await rig.sh(`cat ${other.workspace}/a; echo x > ${other.workspace}/b`, { roots });
      expect(out).toBe("read me");
      expect(err).toContain("Read-only file system");
    } finally {
      await other.close();
    }
  });

  test("a directory that the policy opens inside another is not opened where a link in its place leads", async () => {
    const roots = [
      { path: rig.workspace, mode: "rw" },
      { path: inWorkspace("vendor"), mode: "ro" },
    ] as const;
    await rig.sh("ln -s /etc vendor", { roots });
    expect((await rig.sh("cat vendor/shadow; ls /etc", { roots })).out).not.toContain("shadow");
  });

  test(row("F-11", "writing outside the workspace is impossible, whichever program tries"), async () => {
    const lines = [
      "sed -i s/a/b/ /etc/passwd",
      "tee /usr/x </dev/null",
      "sort -o /etc/y /dev/null",
      "cp /bin/true /bin/z",
      "touch /x",
    ];
    for (const line of lines) expect((await rig.sh(line)).code, line).not.toBe(0);
    await rig.sh(`touch ${rig.home}/x`); // its own /tmp
    expect(readdirSync(rig.home).sort()).toEqual(["run", "workspace"]);
  });

  test(row("F-14", "the environment is ours, and no other process's can be read"), async () => {
    const { out } = await rig.sh(
      "env; tr '\\0' '\\n' </proc/self/environ; cat /proc/1/environ | tr '\\0' '\\n'; ps eww",
    );
    const names = new Set(out.match(/^[A-Z_]+(?==)/gm));
    // The mark by which a later daemon finds the sandbox's own first process; it tells nothing.
    expect([...names].sort()).toEqual(["GOCLAW_CHILD", "HOME", "LANG", "PATH", "PWD", "TERM", "TZ"]);
    expect(out).toMatch(/^GOCLAW_CHILD=[0-9a-f]{24}\/[\d.]+$/m);
    expect((await rig.sh("env")).out).not.toContain("GOCLAW");
  });

  test(
    row("F-16", "a variable that makes programs load code is refused by name, and nothing runs"),
    async () => {
      const names = [
        ...["LD_PRELOAD", "NODE_OPTIONS", "BASH_ENV", "PATH", "GIT_SSH_COMMAND", "PYTHONSTARTUP", "PERL5OPT"],
        ...[
          "JAVA_TOOL_OPTIONS",
          "PS4",
          "GOCLAW_HOME",
          "ENV",
          "IFS",
          "LD_LIBRARY_PATH",
          "GIT_EXTERNAL_DIFF",
          "a b",
        ],
      ];
      const listed = openSandboxRig({ envNames: [...names, "RAILS_ENV"] });
      try {
        for (const name of names) {
          const refused = { code: "ENV_DENIED", message: expect.stringContaining(JSON.stringify(name)) };
          await expect(rig.sh("touch p", { env: { [name]: "x" } })).rejects.toMatchObject(refused);
          await expect(listed.sh("touch p", { env: { [name]: "x" } })).rejects.toMatchObject(refused);
        }
        expect(existsSync(inWorkspace("p"))).toBe(false);
        await expect(rig.sh("true", { env: { RAILS_ENV: "t" } })).rejects.toMatchObject({
          code: "ENV_DENIED",
        });
        const declared = { RAILS_ENV: "t", TZ: "Asia/Tokyo" };
        expect((await listed.sh("echo $RAILS_ENV $TZ", { env: declared })).out).toBe("t Asia/Tokyo\n");
      } finally {
        await listed.close();
      }
    },
  );

  // A root's sandbox is where it counts. What is written is what stands there: a wall that is missing changes nothing.
  test(row("F-25", "no setting of the kernel can be written, as root neither"), async () => {
    const { out } = await rig.sh(
      "for f in kernel/core_pattern kernel/sysrq vm/swappiness kernel/hostname fs/suid_dumpable; do" +
        ' v=$(cat /proc/sys/$f) && printf %s "$v" >/proc/sys/$f && echo wrote $f;' +
        " done 2>/dev/null; for f in /proc/sysrq-trigger /proc/mtrr; do [ -w $f ] && echo could write $f; done; cat /proc/keys",
    );
    expect(out).toBe("");
  });

  test(row("F-15", "there is no network, not even this machine's loopback"), async () => {
    let reached = 0;
    const server = createServer(() => reached++);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const dial = (host: string): string => `bash -c 'exec 3<>/dev/tcp/${host}/${port}'`;
      for (const host of ["127.0.0.1", "93.184.215.14", "::1"])
        expect((await rig.sh(dial(host))).code, host).not.toBe(0);
      expect((await rig.sh("getent hosts example.com")).code).not.toBe(0);
      const families =
        "for f in 17 38 40: \n try: socket.socket(f, socket.SOCK_STREAM); print(f)\n except OSError: pass";
      const python = await rig.run(["python3", "-c", `import socket\n${families}`]);
      expect(python.out).toBe("");
      expect(reached).toBe(0);
    } finally {
      server.close();
    }
  });

  test(row("F-22", "there is no terminal"), async () => {
    expect((await rig.sh("echo x > /dev/tty")).err).toContain("No such device");
    expect((await rig.sh("tty; ps -o tty= -p $$")).out).toBe("not a tty\n?\n");
  });

  test(row("F-24", "sockets of this machine are not there"), async () => {
    const { out } = await rig.sh(
      "ls /var/run/docker.sock /run/user /tmp/.X11-unix 2>/dev/null; echo [$SSH_AUTH_SOCK$DISPLAY$DBUS_SESSION_BUS_ADDRESS]; " +
        `find /run /tmp /dev /etc /var -type s 2>/dev/null; cat ${rig.home}/run/daemon.json 2>/dev/null`,
    );
    expect(out).toBe("[]\n");
  });

  test(row("F-25", "the daemon cannot be seen, signalled or traced"), async () => {
    const { out, err } = await rig.sh(`kill -9 ${process.pid}; ls /proc/${process.pid}; ps -A -o pid=`);
    expect(err).toContain("No such process");
    expect(out.trim().split(/\s+/).length).toBeLessThan(8);
    const trace =
      "import ctypes; print(ctypes.CDLL(None, use_errno=True).ptrace(0,0,0,0), ctypes.get_errno())";
    expect((await rig.run(["python3", "-c", trace])).out).toBe("-1 1\n");
    for (const line of [
      "unshare -U true",
      "unshare -n true",
      "mount -t tmpfs x /tmp",
      "nsenter -t 1 -n true",
    ])
      expect((await rig.sh(line)).code, line).not.toBe(0);
  });
});
