// A certificate authority for one test run, and servers' certificates of every kind that must not be trusted. Made by the
// machine's openssl; without it there are none.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Pair {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  readonly ca: string;
  /** Valid for `name`, from now or, with negative days, until that many days ago. */
  issue(name: string, days?: number): Pair;
  selfSigned(name: string): Pair;
}

export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), "goclaw-ca-"));
  let serial = 0;
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  };
  const read = (file: string): string => readFileSync(join(folder, file), "utf8");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const selfSign = (id: string, subject: string, ...more: string[]): Pair => {
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      `${id}.key`,
      "-out",
      `${id}.crt`,
      "-subj",
      subject,
      ...more,
    );
    return { key: read(`${id}.key`), cert: read(`${id}.crt`) };
  };
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const { cert: ca } = selfSign("ca", "/CN=GoClaw test authority", "-days", "2");
  return {
    ca,
    selfSigned: (name) =>
      selfSign(`self${++serial}`, `/CN=${name}`, "-days", "2", "-addext", `subjectAltName=DNS:${name}`),
    issue: (name, days = 2) => {
      const id = `issued${++serial}`;
      writeFileSync(join(folder, `${id}.ext`), `subjectAltName=DNS:${name}\n`);
      openssl("req", ...newKey, "-keyout", `${id}.key`, "-out", `${id}.csr`, "-subj", `/CN=${name}`);
      const issuer = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", `${id}.ext`];
      openssl("x509", "-req", "-in", `${id}.csr`, ...issuer, "-days", String(days), "-out", `${id}.crt`);
      return { key: read(`${id}.key`), cert: read(`${id}.crt`) };
    },
  };
}

export function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}
