// Puts refusals at the door into the audit. The same refusal over and over is written out only so many times a minute;
// what comes beyond is counted and becomes one record with the number and the last of them, so that a flood fills no
// disk and hides nothing.

import type { Store } from "../store/store.ts";
import { type AuditRecord, recordAudit } from "./audit.ts";

export interface Refusals {
  /** Resolves when the refusal is in the audit, or counted. */
  record(refusal: AuditRecord): Promise<void>;
  /** Writes what was counted. */
  close(): Promise<void>;
}

const WINDOW_MS = 60_000;
const WRITTEN_MAX = 100;

interface Window {
  written: number;
  counted: number;
  last: AuditRecord;
  readonly end: NodeJS.Timeout;
}

export function createRefusals(store: Store, reportDefect: (error: unknown) => void): Refusals {
  const windows = new Map<string, Window>();
  const settle = async (name: string): Promise<void> => {
    const window = windows.get(name);
    windows.delete(name);
    if (window === undefined) return;
    clearTimeout(window.end);
    if (window.counted > 0) await store.run(recordAudit, summaryOf(window));
  };
  const open = (name: string, refusal: AuditRecord): Window => {
    const end = setTimeout(() => settle(name).catch(reportDefect), WINDOW_MS);
    end.unref();
    const window: Window = { written: 0, counted: 0, last: refusal, end };
    windows.set(name, window);
    return window;
  };
  return {
    record: async (refusal) => {
      const { principal, capability, resource, rule, code } = refusal;
      const name = JSON.stringify([principal, capability, resource, rule, code]);
      const window = windows.get(name) ?? open(name, refusal);
      if (window.written < WRITTEN_MAX) {
        window.written++;
        await store.run(recordAudit, refusal);
      } else {
        window.counted++;
        window.last = refusal;
      }
    },
    close: async () => {
      await Promise.all([...windows.keys()].map(settle));
    },
  };
}

function summaryOf({ counted, last }: Window): AuditRecord {
  const request = JSON.stringify({ more_of_the_same: counted, within_seconds: WINDOW_MS / 1_000 });
  return { ...last, code: "LIMIT_RATE", request };
}
