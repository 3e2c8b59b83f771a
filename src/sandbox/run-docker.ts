// Runs a command in a Docker container of its own. Killing docker's client leaves the container alone, so a command
// that does not end by itself is removed by its name.

import { GoclawError, messageOf } from "../domain/error.ts";
import { coverBarred, withBarred } from "./barred.ts";
import { dockerRun } from "./docker.ts";
import { type Followed, follow } from "./follow.ts";
import type { Bench, Order, Runner } from "./job.ts";
import { limitsHit } from "./limits-hit.ts";
import { raiseOver, type Shield } from "./shield.ts";

/** What docker itself exits with when it could not start the container. */
const DOCKER_FAILED = 125;
const CLIENT_ENV = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/" };

let serial = 0;

export const runContained: Runner = async (bench, order) => {
  const shield = await raiseOver(bench.shields, order.roots, bench.home);
  let undone: readonly string[] = [];
  let followed: Followed;
  try {
    followed = await start(bench, order, shield);
  } finally {
    undone = shield.release();
  }
  const { report: _, ...rest } = followed;
  if (rest.exit.code === DOCKER_FAILED) throw unavailable(rest.stderr.head.toString("utf8").trim());
  return { ...rest, undone, limits: limitsHit(rest.exit, undefined) };
};

async function start(bench: Bench, order: Order, { covers }: Shield): Promise<Followed> {
  const { settings, children, clock, home, emptyFile } = bench;
  const { argv, cwd, fullEnv: env, roots, barred, stdin, timeoutMs, signal } = order;
  if (settings.dockerImage === undefined)
    throw unavailable("tools.shell.docker_image is not set in config.yaml");
  const name = `goclaw-${process.pid}-${++serial}`;
  const args = dockerRun({
    ...{ name, image: settings.dockerImage, argv, cwd, env, roots, emptyFile, home },
    covers: withBarred(covers, coverBarred(roots, barred)),
    memoryBytes: settings.memoryBytes,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  });
  const docker = (words: readonly string[], input: string) =>
    children.startFed({ name: "docker", argv: ["docker", ...words], cwd: "/", env: CLIENT_ENV }, input);
  const child = await docker(args, stdin).catch((error: unknown) => {
    throw unavailable(messageOf(error));
  });
  const remove = (): void => void docker(["rm", "--force", name], "").catch(() => {});
  return follow({ child, timeoutMs, signal, clock, ask: remove });
}

function unavailable(why: string): GoclawError {
  return new GoclawError(
    "SANDBOX_UNAVAILABLE",
    `no command can run: docker starts no container (${why}); the operator must start the Docker engine and pull ` +
      "tools.shell.docker_image, or set tools.shell.sandbox in config.yaml",
  );
}
