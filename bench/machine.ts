// What the figures were measured on.

import { cpus, loadavg, release, totalmem } from "node:os";

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  /** One minute's load average when this was asked. */
  readonly load: number;
  readonly text: string;
}

export function describeMachine(): Machine {
  const all = cpus();
  const date = new Date().toISOString().slice(0, 10);
  const cpu = all[0]?.model.trim() ?? "unknown";
  const memoryGb = Math.round(totalmem() / 1e9);
  const load = Math.round((loadavg()[0] ?? 0) * 100) / 100;
  const node = process.version;
  const kernel = release();
  const text = `${date}, ${all.length} × ${cpu}, ${memoryGb} GB, Linux ${kernel}, Node ${node}, load average ${load}`;
  return { date, cpu, cores: all.length, memoryGb, kernel, node, load, text };
}
