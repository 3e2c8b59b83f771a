// Redis servers for BullMQ: found on the PATH or by REDIS_SERVER, started on a loopback port in a temporary directory,
// stopped by pid.

import { spawn, spawnSync } from "node:child_process";
import { connect } from "node:net";
import { adopt } from "./child.ts";
import { makeDirectory, removeDirectory } from "./place.ts";
import { freePort } from "./port.ts";
import { until } from "./wait.ts";

export type Fsync = "everysec" | "always";

export interface Redis {
  readonly port: number;
  stop(): Promise<void>;
}

const PROGRAM = process.env.REDIS_SERVER ?? "redis-server";

/** The version's words, or undefined when there is no redis-server. */
export function redisVersion(): string | undefined {
  const { status, stdout } = spawnSync(PROGRAM, ["--version"], { encoding: "utf8" });
  return status === 0 ? /v=(\S+)/.exec(stdout)?.[1] : undefined;
}

export async function startRedis(fsync: Fsync): Promise<Redis> {
  const directory = makeDirectory(`redis-${fsync}`);
  const port = await freePort();
  const args = ["--port", port, "--bind", "127.0.0.1", "--dir", directory, "--save", "", "--daemonize", "no"];
  const durable = ["--appendonly", "yes", "--appendfsync", fsync, "--maxmemory-policy", "noeviction"];
  const child = spawn(PROGRAM, [...args, ...durable].map(String), { stdio: "ignore" });
  const ended = adopt(child);
  await until("redis-server to answer", () => accepts(port));
  return {
    port,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      removeDirectory(directory);
    },
  };
}

function accepts(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.destroy() && resolve(true));
    socket.once("error", () => resolve(undefined));
  });
}
