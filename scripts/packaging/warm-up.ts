// Run by the target node binary in a work folder: starts the daemon from the chunks there as the executable will, sends
// it one request, stops it, and writes the V8 code cache of every chunk that took part. Such a cache carries the
// functions that ran, and a start neither compiles them nor reads others. Only the loopback interface is used.
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script, type ScriptOptions } from "node:vm";
import { isMainThread } from "node:worker_threads";

/**
 * With these, two runs write the same bytes: one hash seed (the program draws its own all the same), and so much memory
 * for young objects that nothing is collected, because V8 writes gaps between fields as it found them.
 */
export const WRITE_ARGV = ["--hash-seed=1", "--min-semi-space-size=64", "--max-semi-space-size=64"];

/** Runs the loader on this thread, on files instead of embedded assets; the writer thread comes back to here. */
export function warm(work: string): void {
  const scripts = new Map<string, Script>();
  class Recorded extends Script {
    constructor(source: string, options: ScriptOptions) {
      super(source, options);
      scripts.set(String(options.filename).replace(/^goclaw:/, ""), this);
    }
  }
  const replaced: Record<string, object> = {
    "node:sea": seaOf(work),
    "node:vm": { ...process.getBuiltinModule("node:vm"), Script: Recorded },
  };
  const builtin = process.getBuiltinModule as (id: string) => unknown;
  const require = (id: string): unknown => replaced[id] ?? builtin(id);
  Object.assign(process, { getBuiltinModule: require });
  process.once("exit", () => {
    // The flags are part of a cache's identity: back to the defaults, which is what the executable runs with.
    setFlagsFromString("--hash-seed=0");
    for (const [name, script] of scripts)
      writeFileSync(join(work, "chunks", `${name}.cache`), script.createCachedData());
  });
  new Function("require", readFileSync(join(work, "loader.js"), "latin1"))(require);
}

function seaOf(work: string): object {
  const { assets } = JSON.parse(readFileSync(join(work, "sea.json"), "utf8")) as {
    assets: Record<string, string>;
  };
  const read = (name: string): Buffer => readFileSync(resolve(work, assets[name] ?? ""));
  const writerText = `require(${JSON.stringify(import.meta.filename)}).warm(${JSON.stringify(work)})`;
  return {
    isSea: () => true,
    getAssetKeys: () => Object.keys(assets).filter((name) => existsSync(resolve(work, assets[name] ?? ""))),
    getRawAsset: (name: string) => new Uint8Array(read(name)).buffer,
    getAsset: (name: string) => (name === "loader.js" ? writerText : read(name).toString("utf8")),
  };
}

/** Goes through authentication, parsing and validation, and is refused before it would become a task. */
const CHAT = { model: "agent:nobody", messages: [{ role: "user", content: "Hello" }] };

/** When the daemon has announced itself: one request, then the signal that stops it. */
function driveDaemon(home: string): void {
  const run = join(home, "run");
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const watcher = watch(run, () => {
    if (!existsSync(join(run, "daemon.json"))) return;
    watcher.close();
    const { address } = JSON.parse(readFileSync(join(run, "daemon.json"), "utf8")) as { address: string };
    const token = readFileSync(join(home, "auth.token"), "utf8").trim();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const sent = request(`http://${address}/v1/chat/completions`, { method: "POST", agent: false, headers });
    sent.on("response", (response) => {
      if (response.statusCode !== 404) throw new Error(`the warm-up was answered ${response.statusCode}`);
      response.resume().on("end", () => process.kill(process.pid, "SIGTERM"));
    });
    sent.end(JSON.stringify(CHAT));
  });
}

if (isMainThread && import.meta.main) {
  const [work = ""] = process.argv.slice(2);
  const home = join(work, "home");
  process.argv = [process.execPath, process.execPath, "daemon", "run", "--quiet"];
  process.argv.push("--home", home, "--bind", "127.0.0.1:0");
  driveDaemon(home);
  warm(work);
}
