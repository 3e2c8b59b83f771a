// What an API key may reach: the operations within its scopes that are open to keys at all, and of these only what
// belongs to its own agents. Everything else is KEY_DENIED.

import { covers } from "../domain/capability.ts";
import { GoclawError } from "../domain/error.ts";
import { coversAgent, type KeyGrant } from "../domain/key.ts";
import type { Reader } from "../store/reader.ts";
import { agentsOfSession } from "../store/sessions.ts";
import { agentOfTask } from "../store/tasks.ts";
import type { Caller, Method, Operation, RpcPorts } from "./method.ts";

/** Throws KEY_DENIED when a caller may not call the method, whatever the parameters. */
export function requireOpen({ name, capability, forKey }: Operation, { key }: Caller): void {
  if (key === undefined) return;
  if (forKey === undefined) throw closedToKeys(name);
  requireScope(key, name, capability);
}

function closedToKeys(name: string): GoclawError {
  return new GoclawError("KEY_DENIED", `${name} is not open to API keys; use the home's own token`);
}

/** The parameters a caller may call the method with; throws KEY_DENIED. */
export function narrow<Params>(
  method: Method<Params, unknown>,
  ports: RpcPorts,
  params: Params,
  { key }: Caller,
): Params {
  if (key === undefined) return params;
  if (method.forKey === undefined) throw closedToKeys(method.name);
  return method.forKey(ports, params, key);
}

/** Whether a caller has the capability at all; each call is decided anew. */
export function may({ guard }: RpcPorts, { key }: Pick<Caller, "key">, capability: string): boolean {
  return (key === undefined || hasScope(key, capability)) && guard.wouldPermit(capability);
}

/** `what` is the operation, in words for the refusal. */
export function requireScope(key: KeyGrant, what: string, capability: string): void {
  if (hasScope(key, capability)) return;
  const has = key.scopes.join(", ");
  throw new GoclawError(
    "KEY_DENIED",
    `API key ${key.name} has the scopes ${has}, and ${what} needs ${capability}`,
  );
}

export function hasScope({ scopes }: KeyGrant, capability: string): boolean {
  return scopes.some((scope) => covers(scope, capability));
}

export function requireAgent(key: KeyGrant, agentId: string): void {
  if (coversAgent(key, agentId)) return;
  throw new GoclawError(
    "KEY_DENIED",
    `API key ${key.name} is for ${key.agents.map((id) => `agent ${id}`).join(", ")}, not for agent ${agentId}`,
  );
}

/** A task that does not exist is for the method to say. */
export function requireTask(reader: Reader, key: KeyGrant, taskId: string): void {
  const agentId = agentOfTask(reader, taskId);
  if (agentId !== undefined) requireAgent(key, agentId);
}

/** A session in which another agent was talked to is not the key's: its model would be shown all of it. */
export function requireSession(reader: Reader, key: KeyGrant, sessionId: string): void {
  for (const agentId of agentsOfSession(reader, sessionId)) requireAgent(key, agentId);
}
