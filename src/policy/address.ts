// Which addresses are the public internet's: the IANA special-purpose registries as two tables. What is not known to be
// public is special, so an address form that nobody thought of stays closed.

import { isIP, isIPv4 } from "node:net";

/** `special`: private, link-local, multicast, reserved, documentation, or one that wraps another address. */
export type AddressKind = "public" | "loopback" | "special";

type Range = readonly [first: bigint, bits: number];

/** Everything else of IPv4 is public. */
const SPECIAL_V4: readonly Range[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10", // carrier-grade NAT
  "127.0.0.0/8",
  "169.254.0.0/16", // link-local, and every cloud's metadata
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
].map(parseRange);

/** Of IPv6 only this is public: mapped, compatible, NAT64, ULA, link-local, site-local and multicast lie outside. */
const GLOBAL_V6 = parseRange("2000::/3");

/** And of that, not these. */
const SPECIAL_V6: readonly Range[] = [
  "2001::/23", // Teredo, benchmarking, ORCHID and the rest of the protocol assignments
  "2001:db8::/32",
  "2002::/16", // 6to4
  "2620:4f:8000::/48",
  "3fff::/20",
].map(parseRange);

const LOOPBACK_V4 = parseRange("127.0.0.0/8");
const LOOPBACK_V6 = 1n;

/** `address` as Node prints one; a zone (`fe80::1%eth0`) or anything that is no address is special. */
export function kindOf(address: string): AddressKind {
  const family = address.includes("%") ? 0 : isIP(address);
  if (family === 0) return "special";
  const bits = toBits(address);
  if (family === 4) return kindOfV4(bits);
  if (bits === LOOPBACK_V6) return "loopback";
  if (!within(bits, GLOBAL_V6, 128) || SPECIAL_V6.some((range) => within(bits, range, 128))) return "special";
  // ISATAP: the last 32 bits are an IPv4 address to which a tunnel delivers.
  const isTunnelled = ((bits >> 32n) & 0xfdff_ffffn) === 0x5efen;
  return isTunnelled && kindOfV4(bits & 0xffff_ffffn) !== "public" ? "special" : "public";
}

/** The same address in any spelling, `::ffff:1.2.3.4` and `1.2.3.4` included: a socket may report either. */
export function isSameAddress(one: string, other: string): boolean {
  if (isIP(one) === 0 || isIP(other) === 0) return false;
  return mapped(one) === mapped(other);
}

function kindOfV4(bits: bigint): AddressKind {
  if (within(bits, LOOPBACK_V4, 32)) return "loopback";
  return SPECIAL_V4.some((range) => within(bits, range, 32)) ? "special" : "public";
}

function within(bits: bigint, [first, length]: Range, width: number): boolean {
  const rest = BigInt(width - length);
  return bits >> rest === first >> rest;
}

function mapped(address: string): bigint {
  return isIPv4(address) ? (0xffffn << 32n) | toBits(address) : toBits(address);
}

function parseRange(text: string): Range {
  const [address = "", length] = text.split("/");
  return [toBits(address), Number(length)];
}

/** The value of a valid address; an IPv4 tail of an IPv6 one counts as its last two groups. */
function toBits(address: string): bigint {
  if (isIPv4(address)) return v4Bits(address);
  const tail = address.lastIndexOf(":") + 1;
  const dotted = address.includes(".") ? v4Bits(address.slice(tail)) : undefined;
  const groups =
    dotted === undefined
      ? address
      : `${address.slice(0, tail)}${(dotted >> 16n).toString(16)}:${(dotted & 0xffffn).toString(16)}`;
  const [left = "", right] = groups.split("::");
  const before = left === "" ? [] : left.split(":");
  const after = right === undefined || right === "" ? [] : right.split(":");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

function v4Bits(address: string): bigint {
  return BigInt(address.split(".").reduce((value, octet) => value * 256 + Number(octet), 0));
}
