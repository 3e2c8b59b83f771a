// Named gates: whoever comes waits until the rig opens it. A test thereby stops the world at a known place instead of
// guessing how long something takes.

import { createSignal, type Signal, within } from "./wait.ts";

export interface Gates<Visitor> {
  /** Waits at the gate; no name is no gate. */
  pass(name: string | undefined, visitor: Visitor): Promise<void>;
  /** The first visitor of the gate, as soon as there is one. */
  reached(name: string, deadlineMs?: number): Promise<Visitor>;
  open(name: string): void;
  openAll(): void;
}

interface Gate<Visitor> {
  readonly opened: Signal;
  readonly reached: Signal<Visitor>;
}

export function createGates<Visitor>(): Gates<Visitor> {
  const gates = new Map<string, Gate<Visitor>>();
  let allOpen = false;
  const gateOf = (name: string): Gate<Visitor> => {
    const known = gates.get(name);
    if (known) return known;
    const made = { opened: createSignal(), reached: createSignal<Visitor>() };
    if (allOpen) made.opened.give();
    gates.set(name, made);
    return made;
  };
  return {
    pass: async (name, visitor) => {
      if (name === undefined) return;
      gateOf(name).reached.give(visitor);
      await gateOf(name).opened.promise;
    },
    reached: (name, deadlineMs) => within(`a call at gate ${name}`, gateOf(name).reached.promise, deadlineMs),
    open: (name) => gateOf(name).opened.give(),
    openAll: () => {
      allOpen = true;
      for (const gate of gates.values()) gate.opened.give();
    },
  };
}
