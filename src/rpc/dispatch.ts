// Runs a method for a caller: guard and the scopes of an API key, then schema, then what the key narrows, then the method.
// Every surface goes through here, so nothing can be called that the policy was not asked about.

import type { ErrorObject, ValidateFunction } from "ajv";
import { codeOf, GoclawError } from "../domain/error.ts";
import { type AuditRecord, recordAudit } from "../policy/audit.ts";
import { narrow, requireOpen } from "./key-scope.ts";
import type { Caller, Method, Operation, RpcPorts } from "./method.ts";

export interface Rpc {
  readonly ports: RpcPorts;
  /** `params` given as a function are asked for once the caller may call the method at all. */
  call<Params, Result>(method: Method<Params, Result>, params: unknown, caller: Caller): Promise<Result>;
  /** Throws what `call` would throw whatever the parameters: for an answer that a second method is needed for. */
  admit(method: Operation, caller: Caller): Promise<void>;
}

export function createRpc(ports: RpcPorts): Rpc {
  const validators = new Map<string, ValidateFunction>();
  const addValidator = async ({
    name,
    params,
  }: Pick<Method<never, unknown>, "name" | "params">): Promise<ValidateFunction> => {
    const { compileParams } = await import("./compile-params.ts");
    const validate = compileParams(params);
    validators.set(name, validate);
    return validate;
  };
  const admit = async (method: Operation, caller: Caller): Promise<AuditRecord> => {
    const { principal, traceId } = caller;
    const asked = {
      ...{ principal, traceId, taskId: null, agentId: null },
      ...{ capability: method.capability, resource: method.name },
    };
    const record = await ports.guard.permit(asked);
    await orAudited(ports, record, () => requireOpen(method, caller));
    return record;
  };
  return {
    ports,
    admit: async (method, caller) => void (await admit(method, caller)),
    call: async (method, given, caller) => {
      const record = await admit(method, caller);
      const params: unknown = typeof given === "function" ? given() : given;
      const validate = validators.get(method.name) ?? (await addValidator(method));
      if (!validate(params))
        throw new GoclawError("BAD_REQUEST", `${method.name}: ${describe(validate.errors ?? [])}`);
      const own = await orAudited(ports, record, () => narrow(method, ports, params as never, caller));
      const subject = method.subject?.(own);
      const resource = subject === undefined ? method.name : `${method.name} ${subject}`;
      // The yes to a change is sent to the writer just before the change: one message, one transaction, this order.
      const changes = method.capability !== "acp.read";
      const audited = changes ? ports.store.run(recordAudit, { ...record, resource }) : undefined;
      const result = method.run(ports, own, caller);
      await Promise.all([audited, result]);
      return result;
    },
  };
}

/** What an API key does not cover is refused, and the refusal is in the audit like the policy's own. */
async function orAudited<T>({ guard }: RpcPorts, record: AuditRecord, decide: () => T): Promise<T> {
  try {
    return decide();
  } catch (error) {
    if (codeOf(error) === "KEY_DENIED") await guard.refuse({ ...record, rule: "api key" });
    throw error;
  }
}

function describe(errors: readonly ErrorObject[]): string {
  return errors
    .map(({ instancePath, message, params }) => {
      const extra = (params as { additionalProperty?: string }).additionalProperty;
      const where = instancePath === "" ? "the body" : instancePath.slice(1).replaceAll("/", ".");
      return `${where} ${message ?? "is not valid"}${extra === undefined ? "" : ` (${JSON.stringify(extra)})`}`;
    })
    .join("; ");
}
