// What an agent wants to do, or asks, as it is bound: inside a frame, so that nothing it writes can look like goclaw
// speaking.

import type { WireApproval } from "../rpc/methods/approval.ts";
import type { Output } from "./context.ts";
import { safeText } from "./safe-text.ts";

export function writeFrame(output: Output, { kind, act }: Pick<WireApproval, "kind" | "act">): void {
  output.write(`${kind === "question" ? "question" : "exactly this will be done"}\n`);
  for (const line of safeText(JSON.stringify(act, null, 2)).split("\n")) output.write(`  │ ${line}\n`);
}
