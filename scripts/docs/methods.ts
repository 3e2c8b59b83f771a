// docs/reference/methods.md: every method of the WebSocket, with its capability and its params.

import { RPC_METHODS } from "../../src/rpc/methods/index.ts";
import { code, page, table } from "./markdown.ts";

const INTRO =
  "`GET /ws` speaks JSON-RPC 2.0 over a WebSocket, with the same credentials as every route. The first call of a connection " +
  'is `system.hello` (`{"client"?, "version"?}`); its answer names the protocol, the server and what the caller may do. ' +
  "`params` is an object; a field that is not listed is refused, one with a `?` may be left out. `keys` says whether " +
  "holders of API keys may call the method at all, within their scopes and agents. What is refused carries a code of " +
  "[codes.md](codes.md): its number as `error.code`, its name as `error.data.code`.";

const NOTIFICATIONS =
  "The server sends, unasked: `session.event` to those who subscribed (`event_id` rises; the last one seen is the " +
  "`from_event_id` to resume from), `agent.chat.stream` with the pieces of an answer, `approval.required` and " +
  "`approval.updated`, `tools.updated`, and `system.backpressure` before a connection that does not read is closed with 1013.";

export function methodsPage(): string {
  const rows = [...RPC_METHODS.values()].map(({ name, capability, isOpenToKeys, params }) => {
    const { properties, required } = params as { properties: object; required: readonly string[] };
    const names = Object.keys(properties).map((key) => code(required.includes(key) ? key : `${key}?`));
    return [code(name), code(capability), isOpenToKeys ? "yes" : "no", names.join(", ")];
  });
  return page("Methods", "src/rpc/methods/index.ts", [
    INTRO,
    table(["method", "capability", "keys", "params"], rows),
    "## Notifications",
    NOTIFICATIONS,
  ]);
}
