// Runs a method for a caller: guard, then schema, then the method. Every surface goes through here, so nothing can be
// called that the policy was not asked about.

import type { ErrorObject, ValidateFunction } from "ajv";
import { GoclawError } from "../domain/error.ts";
import { recordAudit } from "../policy/audit.ts";
import type { Caller, Method, RpcPorts } from "./method.ts";

export interface Rpc {
  readonly ports: RpcPorts;
  call<Params, Result>(method: Method<Params, Result>, params: unknown, caller: Caller): Promise<Result>;
}

export function createRpc(ports: RpcPorts): Rpc {
  const validators = new Map<string, ValidateFunction>();
  const addValidator = async ({ name, params }: Method<never, unknown>): Promise<ValidateFunction> => {
    const { compileParams } = await import("./compile-params.ts");
    const validate = compileParams(params);
    validators.set(name, validate);
    return validate;
  };
  return {
    ports,
    call: async (method, params, caller) => {
      const asked = {
        ...caller,
        capability: method.capability,
        resource: method.name,
        taskId: null,
        agentId: null,
      };
      const record = await ports.guard.permit(asked);
      const validate = validators.get(method.name) ?? (await addValidator(method as Method<never, unknown>));
      if (!validate(params))
        throw new GoclawError("BAD_REQUEST", `${method.name}: ${describe(validate.errors ?? [])}`);
      // The yes to a change is sent to the writer just before the change: one message, one transaction, this order.
      const audited = method.capability === "acp.read" ? undefined : ports.store.run(recordAudit, record);
      const result = method.run(ports, params as never, caller);
      await Promise.all([audited, result]);
      return result;
    },
  };
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
