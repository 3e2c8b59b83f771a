// The table of public addresses against an independent one, ipaddr.js, and against the addresses that libraries have
// been wrong about.

import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import { isSameAddress, kindOf } from "../../../src/policy/address.ts";
import { createSeeded } from "../../support/wait.ts";

const SAMPLES = 200_000;
const random = createSeeded(20_261_120);
const below = (limit: number): number => Math.floor(random() * limit);

/** Where ranges begin and end is where a table is wrong: prefixes that are special, with random rests. */
const PREFIXES_V6 = [
  "::",
  "::ffff:",
  "64:ff9b:",
  "64:ff9b:1:",
  "100:",
  "2001:",
  "2001:1:",
  "2001:db8:",
  "2002:",
];
const MORE_PREFIXES_V6 = [
  "2620:4f:8000:",
  "3fff:",
  "5f00:",
  "fc00:",
  "fd12:",
  "fe80:",
  "fec0:",
  "ff02:",
  "2003:",
];

function randomV4(): string {
  const first =
    below(2) === 0 ? below(256) : [0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 240][below(11)]!;
  const second = below(2) === 0 ? below(256) : [0, 16, 18, 31, 51, 52, 64, 88, 168, 175, 254][below(11)]!;
  const third = below(2) === 0 ? below(256) : [0, 2, 48, 99, 100, 113, 193, 196][below(8)]!;
  return `${first}.${second}.${third}.${below(256)}`;
}

function randomV6(): string {
  const group = (): string => below(65_536).toString(16);
  const groups = Array.from({ length: 8 }, () => (below(4) === 0 ? "0" : group()));
  const prefixes = [...PREFIXES_V6, ...MORE_PREFIXES_V6];
  const prefix = below(2) === 0 ? "" : prefixes[below(prefixes.length)]!;
  const bytes = prefix.startsWith("::")
    ? [...(prefix === "::" ? "0:0:0:0:0:0" : "0:0:0:0:0:ffff").split(":"), ...groups.slice(6)]
    : [...prefix.split(":").slice(0, -1), ...groups].slice(0, 8);
  return new URL(`http://[${bytes.join(":")}]`).hostname.slice(1, -1);
}

/** Public in ipaddr.js's words; of IPv6, only what is assigned to be. ISATAP is not among its ranges. */
function oracle(text: string): boolean {
  const address = ipaddr.parse(text);
  if (address.kind() === "ipv4") return address.range() === "unicast";
  const bytes = address.toByteArray();
  const isatap = (bytes[8]! & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe;
  const tunnelled = isatap && !oracle(bytes.slice(12).join("."));
  return address.range() === "unicast" && bytes[0]! >> 5 === 1 && !tunnelled;
}

test(`agrees with ipaddr.js on ${2 * SAMPLES} random addresses`, () => {
  const wrong: string[] = [];
  let open = 0;
  for (let index = 0; index < SAMPLES; index++) {
    for (const address of [randomV4(), randomV6()]) {
      const isPublic = kindOf(address) === "public";
      if (isPublic) open++;
      if (isPublic !== oracle(address)) wrong.push(address);
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  // Neither side of the question was left out.
  expect(open).toBeGreaterThan(SAMPLES / 5);
  expect(open).toBeLessThan((SAMPLES * 8) / 5);
});

test("agrees with ipaddr.js on the first and last address of every IPv4 /16 and their neighbours", () => {
  const wrong: string[] = [];
  for (let high = 0; high < 65_536; high++) {
    for (const rest of ["0.0", "0.255", "2.0", "99.1", "100.7", "113.9", "255.255"]) {
      const address = `${high >> 8}.${high & 255}.${rest}`;
      if ((kindOf(address) === "public") !== oracle(address)) wrong.push(address);
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
});

test.each([
  ["1.1.1.1", "public"],
  ["93.184.215.14", "public"],
  ["2606:2800:21f:cb07::1", "public"],
  ["2a00:1450:4014:80e::200e", "public"],
  ["2600:1f18::200:5efe:8.8.8.8", "public"],
  ["2600:1f18::200:5efe:10.0.0.1", "special"],
  ["2600:1f18::5efe:127.0.0.1", "special"],
  ["127.0.0.1", "loopback"],
  ["127.255.255.255", "loopback"],
  ["::1", "loopback"],
  ["::ffff:127.0.0.1", "special"],
  ["::ffff:1.1.1.1", "special"],
  ["::127.0.0.1", "special"],
  ["0.0.0.0", "special"],
  ["::", "special"],
  ["fe80::1%eth0", "special"],
  ["2606:2800:21f:cb07::1%eth0", "special"],
  ["localhost", "special"],
  ["", "special"],
  ["1.1.1", "special"],
  ["01.1.1.1", "special"],
])("%s is %s", (address, kind) => {
  expect(kindOf(address)).toBe(kind);
});

test("one address has many spellings, and only they are the same", () => {
  expect(isSameAddress("1.2.3.4", "1.2.3.4")).toBe(true);
  expect(isSameAddress("::ffff:1.2.3.4", "1.2.3.4")).toBe(true);
  expect(isSameAddress("::ffff:102:304", "1.2.3.4")).toBe(true);
  expect(isSameAddress("2001:DB8::0:1", "2001:db8:0:0::1")).toBe(true);
  expect(isSameAddress("1.2.3.4", "1.2.3.5")).toBe(false);
  expect(isSameAddress("1.2.3.4", "::1.2.3.4")).toBe(false);
  expect(isSameAddress("", "")).toBe(false);
});
