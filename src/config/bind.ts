// Reads `host:port` and decides whether other machines could reach it. Only literal loopback addresses and the name
// `localhost` count as loopback; a name is never resolved here, because its answer may change.

import { isIP, isIPv6 } from "node:net";

export interface BindAddress {
  /** Without brackets, as `listen` wants it. */
  readonly host: string;
  /** 0 lets the system pick a free port. */
  readonly port: number;
  readonly loopback: boolean;
}

const FORM = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Returns the address, or what is wrong with the text. */
export function parseBind(text: string): BindAddress | string {
  const [, bracketed, plain, portText] = FORM.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) return isIP(text) === 6 ? "an IPv6 address needs brackets" : "is not HOST:PORT";
  const port = Number(portText);
  if (port > 65_535) return "the port is above 65535";
  if (bracketed !== undefined && !isIPv6(host)) return "only an IPv6 address goes in brackets";
  if (host === "") return "the host is missing";
  if (isIP(host) === 0 && !isHostname(host)) return "the host is neither an IP address nor a host name";
  return { host, port, loopback: isLoopback(host) };
}

function isHostname(host: string): boolean {
  const labels = host.replace(/\.$/, "").split(".");
  // A name that ends in a number would be read as an IPv4 address in an old notation, such as 127.1.
  return (
    host.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? "")
  );
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith("127.");
  if (isIP(host) === 6) return /^(?:0{0,4}:){2,7}0{0,3}1$/.test(host) || /^::ffff:127\./i.test(host);
  return host.toLowerCase() === "localhost";
}
