// Every method by the name clients call it by. What is not here does not exist, whatever is asked for.

import { GoclawError } from "../../domain/error.ts";
import type { Enqueued } from "../../queue/enqueue.ts";
import { accept } from "../accept.ts";
import type { Rpc } from "../dispatch.ts";
import type { Caller, Method } from "../method.ts";
import { agentAbort, agentChat, agentChatStream, agentStatus, listAgent } from "./agent.ts";
import { getApproval, listApproval, respondToApproval } from "./approval.ts";
import { taskCassette } from "./cassette.ts";
import { reportCost } from "./cost.ts";
import { addCron, disableCron, enableCron, listCron, removeCron } from "./cron.ts";
import { cronRuns } from "./cron-runs.ts";
import { updateCron } from "./cron-update.ts";
import { addKeyMethod, listKeysMethod, revokeKeyMethod, updateKeyMethod } from "./key.ts";
import { approveMcp, inspectMcp, listMcp, listMcpTools } from "./mcp.ts";
import { callServed, listServed, openMcp } from "./mcp-served.ts";
import { listModel, listModelNames } from "./model.ts";
import { explainRoute } from "./route.ts";
import { compactSession, listSession, sessionHistory } from "./session.ts";
import { subscribeSession, unsubscribeSession } from "./session-events.ts";
import { INNER_FIELDS, submit } from "./submit.ts";
import { systemStatus } from "./system.ts";
import { cancelTask, getTask, listEvents, listTask, resolveTask, retryTask } from "./task.ts";

type Call = (rpc: Rpc, params: unknown, caller: Caller) => Promise<unknown>;

export interface RpcEntry {
  readonly name: string;
  readonly capability: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Whether holders of API keys may call it at all. */
  readonly isOpenToKeys: boolean;
  readonly call: Call;
}

function entry<Params, Result>(
  method: Method<Params, Result>,
  call: Call = (rpc, params, caller) => rpc.call(method, params, caller),
): RpcEntry {
  const { name, capability, params, forKey } = method;
  return { name, capability, params, isOpenToKeys: forKey !== undefined, call };
}

/** A method that puts a task into the queue, answered as REST answers it. */
function accepting<Params>(method: Method<Params, Enqueued>): RpcEntry {
  return entry(method, (rpc, params, caller) => accept(rpc, method, params, caller));
}

const submitting = accepting(submit);

const ENTRIES: readonly RpcEntry[] = [
  entry(systemStatus),
  ...[entry(agentChat), entry(agentChatStream), entry(agentAbort), entry(listAgent), entry(agentStatus)],
  {
    ...submitting,
    call: (rpc, params, caller) => {
      const outerFields = (): unknown => {
        const inner = INNER_FIELDS.find((field) => Object.hasOwn(params as object, field));
        if (inner === undefined) return params;
        throw new GoclawError("BAD_REQUEST", `task.submit: unknown field ${JSON.stringify(inner)}`);
      };
      return submitting.call(rpc, outerFields, caller);
    },
  },
  ...[entry(getTask), entry(listTask), entry(listEvents), entry(cancelTask), entry(retryTask)],
  ...[entry(resolveTask), entry(taskCassette)],
  ...[entry(listSession), entry(sessionHistory), accepting(compactSession)],
  ...[entry(subscribeSession), entry(unsubscribeSession)],
  ...[entry(listApproval), entry(getApproval), entry(respondToApproval)],
  ...[entry(listModel), entry(listModelNames), entry(explainRoute), entry(reportCost)],
  ...[entry(addCron), entry(listCron), entry(removeCron), entry(enableCron), entry(disableCron)],
  ...[entry(cronRuns), entry(updateCron)],
  ...[entry(addKeyMethod), entry(listKeysMethod), entry(updateKeyMethod), entry(revokeKeyMethod)],
  ...[entry(listMcp), entry(listMcpTools), entry(inspectMcp), entry(approveMcp)],
  ...[entry(openMcp), entry(listServed), accepting(callServed)],
];

export const RPC_METHODS: ReadonlyMap<string, RpcEntry> = new Map(ENTRIES.map((one) => [one.name, one]));
