// Bind addresses: which texts are one, and which of them other machines could reach.

import fc from "fast-check";
import { expect, test } from "vitest";
import { parseBind } from "../../../src/config/bind.ts";

test.each([
  ["127.0.0.1:18789", "127.0.0.1", 18789, true],
  ["127.1.2.3:0", "127.1.2.3", 0, true],
  ["[::1]:0", "::1", 0, true],
  ["[0:0:0:0:0:0:0:1]:1", "0:0:0:0:0:0:0:1", 1, true],
  ["localhost:65535", "localhost", 65535, true],
  ["LOCALHOST:1", "LOCALHOST", 1, true],
  ["0.0.0.0:80", "0.0.0.0", 80, false],
  ["[::]:80", "::", 80, false],
  ["[::2]:80", "::2", 80, false],
  ["[fe80::1]:80", "fe80::1", 80, false],
  ["192.168.1.5:80", "192.168.1.5", 80, false],
  ["example.org:80", "example.org", 80, false],
  ["localhost.example.org:80", "localhost.example.org", 80, false],
  ["127.0.0.1.example.org:80", "127.0.0.1.example.org", 80, false],
])("%s is %s port %i, loopback %s", (text, host, port, loopback) => {
  expect(parseBind(text)).toEqual({ host, port, loopback });
});

test.each([
  "",
  "127.0.0.1",
  ":8080",
  "8080",
  "::1:80",
  "::1",
  "[::1]",
  "[localhost]:80",
  "127.0.0.1:65536",
  "127.0.0.1:-1",
  "127.0.0.1:80x",
  "127.1:80",
  "2130706433:80",
  "a b:80",
  "http://localhost:80",
  "*:80",
])("%j is refused with words", (text) => {
  expect(parseBind(text)).toEqual(expect.any(String));
});

test("no text makes it throw, and no address is loopback by accident", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), fc.nat(65535), (host, port) => {
      const bind = parseBind(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
      if (typeof bind !== "string" && bind.loopback) {
        expect(bind.host).toMatch(/^127\.|^localhost$|1$|^::ffff:127\./i);
      }
    }),
  );
});
