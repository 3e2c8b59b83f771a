// The only reader of process.env in the product. Everything else is handed an `Env`, so that a test owns it.

export type Env = Readonly<Record<string, string | undefined>>;

/** The environment of this process, as it is now. Google's key has two usual names; either is taken. */
export function processEnv(): Env {
  const env = { ...process.env };
  if (!env.GEMINI_API_KEY && env.GOOGLE_API_KEY) env.GEMINI_API_KEY = env.GOOGLE_API_KEY;
  return env;
}

/** Headers that the vendors' SDKs would add to every request, also to other servers than the vendor's. */
const SDK_HEADERS = ["OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"];

/** Variables that other code in this process would read behind the configuration's back. */
export function forgetForeignVariables(): void {
  for (const name of SDK_HEADERS) delete process.env[name];
}

/** The value of a variable, or undefined when it is unset or empty. Inherited object keys are not variables. */
export function readVariable(env: Env, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === "" ? undefined : value;
}
