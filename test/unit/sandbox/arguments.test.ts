// What bubblewrap and docker are told, where no real one can show it here: Docker's whole command line, the order of
// mounts, and the system call filter of the other processor.

import { expect, test } from "vitest";
import { type View, wrap } from "../../../src/sandbox/bwrap.ts";
import { type Container, dockerRun } from "../../../src/sandbox/docker.ts";
import { seccompProgram } from "../../../src/sandbox/seccomp.ts";
import { row } from "../../support/catalogue.ts";
import { openSandboxRig } from "./rig.ts";

const container: Container = {
  ...{ name: "goclaw-1-1", image: "debian:12", argv: ["sh", "-c", "ls; id"], cwd: "/w", memoryBytes: 1_000 },
  env: { PATH: "/usr/bin", TZ: "UTC" },
  roots: [
    { path: "/w", mode: "rw" },
    { path: "/docs", mode: "ro" },
  ],
  covers: [
    { path: "/w/.git", as: "pinned" },
    { path: "/w/.git/hooks", as: "read" },
    { path: "/w/.mcp.json", as: "empty_file" },
    { path: "/w/.ssh", as: "empty_directory" },
  ],
  ...{ emptyFile: "/h/run/empty", home: "/h" },
  ...{ uid: 1000, gid: 1000 },
};

test("a container has no network, no rights and no writable system, and the same covers", () => {
  const line = dockerRun(container).join(" ");
  for (const words of [
    ...["run --rm --interactive --init --name goclaw-1-1 --pull never", "--network none --read-only"],
    ...["--cap-drop ALL --security-opt no-new-privileges", "--user 1000:1000", "--workdir /w"],
    ...["--memory 1000 --memory-swap 1000 --pids-limit 128", "--env PATH=/usr/bin --env TZ=UTC"],
    "--mount type=bind,source=/w,destination=/w --mount type=bind,source=/docs,destination=/docs,readonly",
    "--mount type=bind,source=/w/.git,destination=/w/.git --mount type=bind,source=/w/.git/hooks,destination=/w/.git/hooks,readonly",
    "--mount type=bind,source=/h/run/empty,destination=/w/.mcp.json,readonly",
    "--mount type=tmpfs,destination=/w/.ssh,tmpfs-mode=0555",
  ])
    expect(line).toContain(words);
  expect(line.endsWith(" --entrypoint sh debian:12 -c ls; id")).toBe(true);
});

test(
  row(
    "D-08",
    "where a container is given a directory around the home, the home is empty but for the workspace",
  ),
  () => {
    const roots = [
      { path: "/h/workspace", mode: "rw" as const },
      { path: "/", mode: "ro" as const },
    ];
    const line = dockerRun({ ...container, roots, covers: [] }).join(" ");
    const [around = -1, home = -1, workspace = -1] = [
      "destination=/,",
      "type=tmpfs,destination=/h,",
      "destination=/h/workspace",
    ].map((words) => line.indexOf(words));
    expect([around >= 0, around < home, home < workspace]).toEqual([true, true, true]);
  },
);

test("a path that docker would read as more than one field is refused", () => {
  const roots = [{ path: "/w,readonly=false", mode: "ro" }] as const;
  expect(() => dockerRun({ ...container, roots })).toThrow(/comma/);
});

test(row("F-23", "a docker without an engine runs nothing"), async () => {
  const rig = openSandboxRig({ mode: "docker", dockerImage: "debian:12" });
  try {
    const refused = { code: "SANDBOX_UNAVAILABLE", message: expect.stringMatching(/docker.*tools\.shell/s) };
    await expect(rig.sh("touch p")).rejects.toMatchObject(refused);
    expect(rig.sandbox.trouble()).toContain("docker");
  } finally {
    await rig.close();
  }
});

const view: View = {
  ...{ argv: ["true"], cwd: "/h/workspace", env: {}, placed: [], emptyFile: "/e", home: "/h" },
  roots: [
    { path: "/h/workspace", mode: "rw" },
    { path: "/", mode: "ro" },
  ],
  covers: [{ path: "/h/workspace/.git/hooks", as: "read" }],
  ...{ seccomp: undefined, uid: 1, gid: 1 },
};

test("what lies within another is mounted after it, whatever the order of the policy", () => {
  const { args } = wrap(view);
  const at = (...words: string[]): number => args.join("\n").indexOf(words.join("\n"));
  const order = [
    at("--ro-bind", "/", "/"),
    at("--ro-bind", "/usr", "/usr"),
    at("--tmpfs", "/h\n"),
    at("--bind", "/h/workspace", "/h/workspace"),
    at("--ro-bind-try", "/h/workspace/.git/hooks"),
  ];
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(Math.min(...order)).toBeGreaterThan(0);
});

test("without a filter for its processor a sandbox cannot make namespaces inside itself", () => {
  expect(seccompProgram("mips")).toBeUndefined();
  expect(wrap(view).args).toContain("--disable-userns");
});

/** Runs a classic BPF program, as the kernel does, on one system call. */
function judge(program: Uint8Array, arch: number, number: number, args: readonly number[] = []): number {
  const code = new DataView(program.buffer);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, arch, true);
  for (const [index, value] of args.entries()) data.setUint32(16 + index * 8, value, true);
  let loaded = 0;
  for (let pc = 0; ; pc++) {
    const [ifTrue, ifFalse] = [code.getUint8(pc * 8 + 2), code.getUint8(pc * 8 + 3)];
    const k = code.getUint32(pc * 8 + 4, true);
    switch (code.getUint16(pc * 8, true)) {
      case 0x20:
        loaded = data.getUint32(k, true);
        break;
      case 0x15:
        pc += loaded === k ? ifTrue : ifFalse;
        break;
      case 0x35:
        pc += loaded >= k ? ifTrue : ifFalse;
        break;
      case 0x45:
        pc += (loaded & k) !== 0 ? ifTrue : ifFalse;
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`no such instruction at ${pc}`);
    }
  }
}

const ALLOW = 0x7fff_0000;
const EPERM = 0x0005_0001;
const machines = [
  { arch: "x64", audit: 0xc000_003e, read: 0, ptrace: 101, clone: 56, socket: 41, ioctl: 16 },
  { arch: "arm64", audit: 0xc000_00b7, read: 63, ptrace: 117, clone: 220, socket: 198, ioctl: 29 },
];

test.each(machines)("the filter of $arch lets programs work and refuses what reaches out", (machine) => {
  const program = seccompProgram(machine.arch)!;
  const call = (number: number, ...args: number[]): number => judge(program, machine.audit, number, args);
  expect(call(machine.read)).toBe(ALLOW);
  expect(call(machine.ptrace)).toBe(EPERM);
  expect(call(machine.clone, 0x0120_0011)).toBe(ALLOW); // fork
  expect(call(machine.clone, 0x1000_0011)).toBe(EPERM); // a new user namespace
  expect([1, 2, 10, 16].map((family) => call(machine.socket, family))).toEqual(Array(4).fill(ALLOW));
  expect([17, 38, 40].map((family) => call(machine.socket, family))).toEqual(Array(3).fill(0x0005_0061));
  expect([call(machine.ioctl, 0, 0x5412), call(machine.ioctl, 0, 0x5401)]).toEqual([EPERM, ALLOW]);
  expect(call(435)).toBe(0x0005_0026); // clone3 is not there
  expect(call(425)).toBe(EPERM); // io_uring
  expect(judge(program, 0x4000_0003, machine.read)).toBe(0x8000_0000); // another mode of the processor
  expect(judge(program, machine.audit, 0x4000_0000)).toBe(0x0005_0026);
});
