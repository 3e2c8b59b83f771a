// `system.hello`: which protocol is spoken, and what the caller may do. What a client claims about itself opens nothing:
// the scopes in the answer are those of its credential under the policy in force.

import { BASE_CAPABILITIES } from "../domain/capability.ts";
import { GoclawError } from "../domain/error.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import { may } from "../rpc/key-scope.ts";
import { RPC_METHODS } from "../rpc/methods/index.ts";
import type { Authenticated } from "./auth.ts";
import { BATCH_MAX } from "./json-rpc.ts";

const PROTOCOL = { protocol: "acp", version: "1.0", supported_min: "1.0", supported_max: "1.0" };
const VERSION = /^(\d{1,4})(\.\d{1,4})?$/;
const CLIENT_CHARS = 200;

export function greet(
  { ports }: Rpc,
  who: Authenticated,
  params: Readonly<Record<string, unknown>>,
  maxFrameBytes: number,
): object {
  const { client, version, ...rest } = params;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) throw refused(`there is no field ${JSON.stringify(extra.slice(0, CLIENT_CHARS))}`);
  if (client !== undefined && !(typeof client === "string" && client.length <= CLIENT_CHARS))
    throw refused(`client must be a text of at most ${CLIENT_CHARS} characters`);
  checkVersion(version);
  const capabilities = BASE_CAPABILITIES.filter((capability) => may(ports, who, capability));
  const methods = [...RPC_METHODS.values()]
    .filter(({ isOpenToKeys }) => who.key === undefined || isOpenToKeys)
    .filter(({ capability }) => (capabilities as readonly string[]).includes(capability))
    .map(({ name }) => name);
  return {
    ...PROTOCOL,
    server: { name: "goclaw", version: ports.version },
    principal: who.principal,
    agents: who.key?.agents ?? ["*"],
    capabilities,
    methods,
    limits: { max_frame_bytes: maxFrameBytes, max_batch: BATCH_MAX },
  };
}

/** A minor version that is newer than ours is answered with ours. */
function checkVersion(version: unknown): void {
  if (version === undefined) return;
  const text = typeof version === "number" ? String(version) : version;
  if (typeof text === "string" && VERSION.exec(text)?.[1] === "1") return;
  const named = JSON.stringify(version)?.slice(0, CLIENT_CHARS);
  throw refused(`protocol version ${named} is not spoken here; ${PROTOCOL.version} is`);
}

function refused(what: string): GoclawError {
  return new GoclawError("BAD_REQUEST", `system.hello: ${what}`);
}
