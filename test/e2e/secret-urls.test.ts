// Secrets that are part of an address: of a webhook, of an MCP server, of a database in a server's environment. They are
// in no file and in nothing a model is told, also where somebody repeats only the part that is secret.

import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import type { Reply } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { closeServer, listen } from "../support/stub-model.ts";
import { ended, submit } from "../support/tasks.ts";

const HOOK = "/services/T0QX81/B0ZK77/w8Vq3LmZp0Rt5Yx2";
const QUERY = "q7Hd92LsPw0XcVb4";
const PASSWORD = "hunter2-of-the-database";

let rig: Rig;
let server: Server;
const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeEach(async () => {
  server = createServer((request, response) => {
    response.statusCode = 404;
    response.end(`Cannot ${request.method} ${request.url} (no pool for ${PASSWORD})`);
  });
  await listen(server);
});
afterEach(async () => {
  await rig.close();
  await closeServer(server);
});

test(
  row(["N-02", "N-03"], "what a server answers about its own address carries no secret of it"),
  async () => {
    rig = await createRig({
      config: {
        tools: { send_alert: { webhook_url: `${origin()}${HOOK}` } },
        mcp: {
          servers: [
            { name: "far", transport: "http", url: `${origin()}/mcp?api_key=${QUERY}` },
            {
              name: "near",
              command: "/usr/bin/false",
              env: { DATABASE_URL: `postgres://me:${PASSWORD}@db/x` },
            },
          ],
        },
      },
    });
    rig.stub.use(
      (_, { turn }): Reply =>
        turn === 0
          ? { toolCalls: [{ name: "send_alert", args: { severity: "info", title: "t", body: "b" } }] }
          : { text: "done" },
    );
    const daemon = await rig.start();
    await ended(daemon.client, await submit(daemon.client, "task hook"));
    const servers = await daemon.client.get("/api/v1/mcp/servers");
    await daemon.stop();
    const told = String(rig.stub.calls.find(({ turn }) => turn === 1)!.body.messages.at(-1)!.content);
    expect(told).toMatch(/answered 404: Cannot POST/);
    const home = readdirSync(rig.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "config.yaml")
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
    for (const secret of [HOOK, QUERY, PASSWORD])
      expect([told, servers.text, ...home].filter((text) => text.includes(secret))).toEqual([]);
  },
);
