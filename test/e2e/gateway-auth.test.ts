// Who is let in, by what is in the headers: the rows of the catalogue about credentials, Host and Origin, against the
// real daemon and as bytes where a client would not send them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { readToken } from "../support/daemon.ts";
import { createClient } from "../support/http.ts";
import { headOf, type RawReply, sendRaw } from "../support/raw-http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { methodOf, OPEN_ROUTES, OPERATIONS, PROBES } from "../support/routes.ts";
import { ended, submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;
let host: string;
let token: string;

beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
  host = `Host: ${daemon.run.address}`;
  token = `Authorization: Bearer ${daemon.client.token}`;
});
afterAll(() => rig.close());

const ask = (start: string, ...lines: string[]): Promise<RawReply> =>
  sendRaw(daemon.run.address, headOf(start, ...lines), { answers: 1 });
const codeIn = ({ text }: { readonly text: string }): string => /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? "";
const auditRows = (): number => rig.read((db) => db.audit().length);

const LOCKED = [...PROBES, ...OPERATIONS].filter(({ route }) => !OPEN_ROUTES.includes(route));

test.each(LOCKED)(row("A-01", "$route wants a credential and gives no hint"), async (sample) => {
  const start = `${methodOf(sample)} ${sample.path} HTTP/1.1`;
  for (const header of [[], ["Authorization:"], ["Authorization: Bearer"], ["Authorization: Basic Zm9v"]]) {
    const reply = await ask(start, host, ...header);
    expect([reply.statuses, codeIn(reply)]).toEqual([[401], "AUTH_MISSING"]);
    expect(reply.text).toMatch(/^www-authenticate: Bearer\r$/im);
    expect(reply.text).not.toContain(daemon.client.token.slice(0, 6));
  }
  // Refused as HTTP, before there is a request to let in.
  expect((await ask(start, host, "Authorization: Bearer \0")).statuses).toEqual([400]);
});

test(row("A-01", "a liveness probe says that it lives and nothing else"), async () => {
  expect((await daemon.client.get("/livez", { auth: false })).text).toBe('{"ok":true}');
});

test(
  row("A-02", "the right token anywhere but in the header is no token, and stands in no log"),
  async () => {
    const secret = daemon.client.token;
    const form = `token=${secret}`;
    const sends = [
      [`GET /api/v1/tasks?api_key=${secret}`],
      [`GET /api/v1/tasks?token=${secret}`],
      ["GET /api/v1/tasks", `Cookie: token=${secret}`],
      ["GET /api/v1/tasks", `Sec-WebSocket-Protocol: bearer, ${secret}`],
      ["GET /api/v1/tasks", `X-Auth-Token: ${secret}`],
      [
        "POST /api/v1/tasks",
        "Content-Type: application/x-www-form-urlencoded",
        `Content-Length: ${form.length}`,
      ],
    ] as const;
    for (const [start, ...lines] of sends) {
      const reply = await ask(`${start} HTTP/1.1`, host, ...lines);
      expect([reply.statuses, codeIn(reply)]).toEqual([[401], "AUTH_MISSING"]);
      expect(reply.text).not.toContain(secret);
    }
    expect(readFileSync(join(rig.home, "logs/system.jsonl"), "utf8")).not.toContain(secret);
  },
);

test(row("A-03", "a token that is nearly right is wrong; two of them are no request"), async () => {
  const secret = daemon.client.token;
  const last = secret.at(-1) === "a" ? "b" : "a";
  for (const near of [
    secret.slice(0, -1) + last,
    `${secret}x`,
    ` ${secret}`,
    secret.toUpperCase(),
    secret.slice(1),
  ]) {
    const reply = await ask("GET /api/v1/tasks HTTP/1.1", host, `Authorization: Bearer ${near}`);
    expect([reply.statuses, codeIn(reply)]).toEqual([[401], "AUTH_INVALID"]);
  }
  for (const second of [token, "Authorization: Bearer wrong", "authorization: Basic Zm9v"]) {
    const reply = await ask("GET /api/v1/tasks HTTP/1.1", host, token, second);
    expect([reply.statuses, codeIn(reply)]).toEqual([[400], "BAD_REQUEST"]);
  }
});

test(
  row("A-04", "a token made of SQL, of a megabyte or of broken UTF-8 is wrong and changes nothing"),
  async () => {
    const before = auditRows();
    const sql = await ask("GET /api/v1/tasks HTTP/1.1", host, "Authorization: Bearer x' OR '1'='1' --");
    const broken = await ask("GET /api/v1/tasks HTTP/1.1", host, "X-API-Key: gck_\xff\xfe");
    const huge = await ask(
      "GET /api/v1/tasks HTTP/1.1",
      host,
      `Authorization: Bearer ${"x".repeat(1_000_000)}`,
    );
    expect([sql.statuses, broken.statuses, huge.statuses]).toEqual([[401], [401], [431]]);
    expect([sql, broken, huge].map(codeIn)).toEqual(["AUTH_INVALID", "AUTH_INVALID", "LIMIT_SIZE"]);
    expect(auditRows()).toBe(before);
  },
);

test(row("A-05", "with a foreign Host no route answers, whoever asks"), async () => {
  const [before, port] = [auditRows(), daemon.run.address.split(":")[1]];
  for (const sample of [...PROBES, ...OPERATIONS]) {
    const reply = await ask(
      `${methodOf(sample)} ${sample.path} HTTP/1.1`,
      `Host: evil.example:${port}`,
      token,
    );
    expect([sample.route, reply.statuses, codeIn(reply)]).toEqual([sample.route, [421], "HOST_DENIED"]);
  }
  expect(auditRows()).toBe(before);
});

test(
  row("A-06", "a Host that only looks like ours, none, two, or another one in the request line"),
  async () => {
    const start = "GET /api/v1/tasks HTTP/1.1";
    for (const name of ["localhost.evil.example", "127.0.0.1.nip.io", "127.0.0.1@evil.example", "0", ""]) {
      expect([name, (await ask(start, `Host: ${name}`, token)).statuses]).toEqual([name, [421]]);
    }
    const others = [
      await ask("GET /api/v1/tasks HTTP/1.0", token),
      await ask(start, token),
      await ask(start, host, "Host: evil.example", token),
      await ask("GET http://evil.example/api/v1/tasks HTTP/1.1", host, token),
    ];
    expect(others.map(({ statuses }) => statuses)).toEqual([[421], [421], [400], [400]]);
  },
);

const port = (): string => daemon.run.address.split(":")[1] ?? "";

test(
  row(["A-07", "A-08"], "a foreign Origin is refused before any handler, on REST and on streams"),
  async () => {
    const before = auditRows();
    const origins = [
      "https://evil.example",
      "null",
      `http://localhost:${port()}.evil.example`,
      "http://127.0.0.1:1",
      `https://127.0.0.1:${port()}`,
      "",
    ];
    for (const origin of origins)
      for (const path of ["/api/v1/tasks", "/api/v1/task/stream?task_id=x", "/livez", "/mcp"]) {
        const reply = await ask(`GET ${path} HTTP/1.1`, host, token, `Origin: ${origin}`);
        expect([origin, reply.statuses, codeIn(reply)]).toEqual([origin, [403], "ORIGIN_DENIED"]);
        expect(reply.text).not.toMatch(/access-control-/i);
      }
    expect(auditRows()).toBe(before);
    const own = await ask("GET /api/v1/tasks HTTP/1.1", host, token, `Origin: http://${daemon.run.address}`);
    expect(own.statuses).toEqual([200]);
  },
);

test(row("A-10", "what a proxy would add is no identity"), async () => {
  const claims = ["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "X-Remote-User: owner"];
  const more = ["Tailscale-User-Login: owner", "Forwarded: for=127.0.0.1", "X-Forwarded-Host: localhost"];
  const stranger = await ask("GET /api/v1/tasks HTTP/1.1", host, ...claims, ...more);
  expect([stranger.statuses, codeIn(stranger)]).toEqual([[401], "AUTH_MISSING"]);
  const id = await submit(daemon.client, "task proxy");
  await ended(daemon.client, id);
  await daemon.client.send("POST", `/api/v1/tasks/${id}/cancel`, { headers: { "x-remote-user": "owner" } });
  const principals = rig.read((db) => db.audit()).map(({ principal }) => principal);
  expect([...new Set(principals)].sort()).toEqual(["token"]);
});

test(row("A-11", "what a page can send without asking first is refused"), async () => {
  const before = rig.read((db) => db.tasks().length);
  const body = JSON.stringify({ agent: "default", prompt: "task cross" });
  const send = (...lines: string[]): Promise<RawReply> =>
    sendRaw(
      daemon.run.address,
      headOf("POST /api/v1/tasks HTTP/1.1", host, token, `Content-Length: ${body.length}`, ...lines) + body,
      { answers: 1 },
    );
  const cross = await send("Sec-Fetch-Site: cross-site", "Content-Type: text/plain");
  expect([cross.statuses, codeIn(cross)]).toEqual([[403], "ORIGIN_DENIED"]);
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    expect((await send(`Content-Type: ${type}`)).statuses).toEqual([415]);
  expect(rig.read((db) => db.tasks().length)).toBe(before);
});

test(
  row("A-14", "a rotated token is refused at once, its streams end, and the new one is as secret"),
  async () => {
    const old = daemon.client;
    const id = await submit(old, "task held gate=rotated");
    await rig.stub.reached("rotated");
    const stream = await old.stream("GET", `/api/v1/task/stream?task_id=${id}`);
    expect((await runCli(rig.home, ["token", "rotate"])).code).toBe(0);
    await stream.all(1_000);
    expect((await old.get("/api/v1/tasks")).status).toBe(401);
    const fresh = readToken(rig.home);
    expect(fresh).not.toBe(old.token);
    const client = createClient(old.url, fresh);
    try {
      rig.stub.open("rotated");
      expect((await ended(client, id)).state).toBe("SUCCEEDED");
      const told = await submit(client, `task told: my token is ${fresh}`);
      expect(JSON.stringify(await ended(client, told))).not.toContain(fresh);
      const tail = await until("the rotation in the audit", async () => {
        const { stdout } = await runCli(rig.home, ["audit", "tail", "--json"]);
        return stdout.includes("TOKEN_ROTATED") ? stdout : undefined;
      });
      expect(tail).not.toContain(fresh);
      expect(rig.stub.calls.some(({ body }) => JSON.stringify(body).includes(fresh))).toBe(false);
    } finally {
      client.close();
    }
  },
);
