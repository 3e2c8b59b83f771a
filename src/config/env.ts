// The only reader of process.env in the product. Everything else is handed an `Env`, so that a test owns it.

export type Env = Readonly<Record<string, string | undefined>>;

/** The environment of this process, as it is now. */
export function processEnv(): Env {
  return { ...process.env };
}

/** The value of a variable, or undefined when it is unset or empty. Inherited object keys are not variables. */
export function readVariable(env: Env, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === "" ? undefined : value;
}
