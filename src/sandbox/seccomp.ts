// The system calls that a command in the sandbox does not have, as a classic BPF program: what reaches into other
// processes, the kernel or other namespaces, and sockets that no network namespace contains (vsock, packet, alg).

interface Machine {
  /** AUDIT_ARCH_*: a call in another mode of the processor has other numbers, so it is fatal. */
  readonly audit: number;
  /** Numbers from here on belong to the x32 mode. */
  readonly numbersEnd: number;
  readonly denied: readonly number[];
  readonly clone: number;
  readonly socket: number;
  readonly ioctl: number;
}

/** Numbers that are the same on both: io_uring_*, open_tree … fspick, pidfd_getfd, mount_setattr. */
const DENIED_EVERYWHERE = [425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442];
const CLONE3 = 435;

const MACHINES: Readonly<Record<string, Machine>> = {
  x64: {
    audit: 0xc000_003e,
    numbersEnd: 0x4000_0000,
    // ptrace syslog vhangup pivot_root adjtimex acct settimeofday mount umount2 swapon swapoff reboot iopl ioperm
    // init_module delete_module quotactl clock_settime kexec_load add_key request_key keyctl unshare move_pages
    // perf_event_open fanotify_init open_by_handle_at clock_adjtime setns process_vm_readv process_vm_writev kcmp
    // finit_module kexec_file_load bpf userfaultfd
    denied: [
      101, 103, 153, 155, 159, 163, 164, 165, 166, 167, 168, 169, 172, 173, 175, 176, 179, 227, 246, 248, 249,
      250, 272, 279, 298, 300, 304, 305, 308, 310, 311, 312, 313, 320, 321, 323,
    ],
    clone: 56,
    socket: 41,
    ioctl: 16,
  },
  arm64: {
    audit: 0xc000_00b7,
    numbersEnd: 0x4000_0000,
    // umount2 mount pivot_root vhangup quotactl acct unshare kexec_load init_module delete_module clock_settime syslog
    // ptrace reboot settimeofday adjtimex add_key request_key keyctl swapon swapoff move_pages perf_event_open
    // fanotify_init open_by_handle_at clock_adjtime setns process_vm_readv process_vm_writev kcmp finit_module bpf
    // userfaultfd kexec_file_load
    denied: [
      39, 40, 41, 58, 60, 89, 97, 104, 105, 106, 112, 116, 117, 142, 170, 171, 217, 218, 219, 224, 225, 239,
      241, 262, 265, 266, 268, 270, 271, 272, 273, 280, 282, 294,
    ],
    clone: 220,
    socket: 198,
    ioctl: 29,
  },
};

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const CLONE_NEW = 0x7e02_0000;
/** AF_UNSPEC, UNIX, INET, INET6, NETLINK: all of them end at the sandbox's own network namespace. */
const FAMILIES = [0, 1, 2, 10, 16];
/** TIOCSTI and TIOCLINUX type into a terminal. */
const TYPING = [0x5412, 0x541c];
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const fails = (errno: number): number => 0x0005_0000 + errno;
/** Offsets in struct seccomp_data; the low halves of 64-bit arguments on little-endian machines. */
const [NUMBER, ARCH, ARGUMENT_0, ARGUMENT_1] = [0, 4, 16, 24];

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];
const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const answer = (action: number): Instruction => [0x06, 0, 0, action];
/** Runs the next `count` instructions only when the loaded value is `k`. */
const when = (k: number, count: number): Instruction => [0x15, 0, count, k];

/** The program for bubblewrap's --seccomp; undefined on a processor whose numbers are not known here. */
export function seccompProgram(arch: string): Uint8Array | undefined {
  const machine = MACHINES[arch];
  if (machine === undefined) return undefined;
  const { audit, numbersEnd, denied, clone, socket, ioctl } = machine;
  const refuse = (number: number, errno: number): Instruction[] => [when(number, 1), answer(fails(errno))];
  const families = FAMILIES.flatMap((family) => [when(family, 1), answer(ALLOW)]);
  const typing = TYPING.flatMap((request) => refuse(request, EPERM));
  return assemble([
    ...[load(ARCH), [0x15, 1, 0, audit] as const, answer(KILL_PROCESS)],
    ...[load(NUMBER), [0x35, 0, 1, numbersEnd] as const, answer(fails(ENOSYS))],
    ...[...DENIED_EVERYWHERE, ...denied].flatMap((number) => refuse(number, EPERM)),
    // Its flags lie behind a pointer that a filter cannot follow; without it, C libraries call clone.
    ...refuse(CLONE3, ENOSYS),
    ...[
      when(clone, 4),
      load(ARGUMENT_0),
      [0x45, 0, 1, CLONE_NEW] as const,
      answer(fails(EPERM)),
      answer(ALLOW),
    ],
    ...[when(socket, families.length + 2), load(ARGUMENT_0), ...families, answer(fails(EAFNOSUPPORT))],
    ...[when(ioctl, typing.length + 2), load(ARGUMENT_1), ...typing, answer(ALLOW)],
    answer(ALLOW),
  ]);
}

function assemble(instructions: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  for (const [index, [code, ifTrue, ifFalse, k]] of instructions.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, k, true);
  }
  return new Uint8Array(view.buffer);
}
