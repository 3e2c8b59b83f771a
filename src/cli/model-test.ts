// `goclaw model test`: one small real call, and how it went. Works without a daemon, through the same provider code.

import { EXIT } from "../domain/error.ts";
import { adviceFor } from "./advice.ts";
import { type Context, type GlobalOptions, type ModelTest, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { countText, usdText } from "./money-text.ts";
import { paintFor } from "./paint.ts";
import { safeLine } from "./safe-text.ts";
import { type Cell, writePairs } from "./table.ts";
import { durationText } from "./time-text.ts";

interface TestOptions extends GlobalOptions {
  readonly json?: boolean;
}

export async function modelTest(
  context: Context,
  [ref]: readonly string[],
  options: TestOptions,
): Promise<number> {
  const paths = openHome(context, options);
  const control = new AbortController();
  const stopListening = context.onSignal(() => control.abort());
  try {
    const test = await context.testModel({ paths, env: context.env, ref, signal: control.signal });
    if (options.json === true) writeJson(context.stdout, toWire(test));
    else show(context, test);
    return test.ok ? EXIT.ok : EXIT.failed;
  } finally {
    stopListening();
  }
}

function toWire(test: ModelTest) {
  return {
    id: test.id,
    ok: test.ok,
    answered_by: test.answeredBy,
    text: test.text,
    first_byte_ms: test.firstMs,
    latency_ms: test.totalMs,
    input_tokens: test.inputTokens,
    output_tokens: test.outputTokens,
    cost_usd: test.costUsd,
    ...(test.errorClass === null ? {} : { error: { class: test.errorClass, message: test.message } }),
  };
}

function show({ stdout, stderr }: Context, test: ModelTest): void {
  const paint = paintFor(stdout);
  const outcome: Cell = test.ok
    ? { text: "answered", paint: paint.good }
    : { text: test.errorClass ?? "failed", paint: paint.bad };
  const pairs: [string, string | Cell][] = [
    ["model", safeLine(test.id)],
    ["outcome", outcome],
  ];
  if (test.message !== null) pairs.push(["reason", safeLine(test.message)]);
  if (test.answeredBy !== null) pairs.push(["answered by", safeLine(test.answeredBy)]);
  if (test.text !== "") pairs.push(["text", safeLine(test.text)]);
  if (test.firstMs !== null) pairs.push(["first byte", durationText(test.firstMs)]);
  pairs.push(["latency", durationText(test.totalMs)]);
  if (test.ok) {
    pairs.push(["tokens", `${countText(test.inputTokens)} in, ${countText(test.outputTokens)} out`]);
    pairs.push(["cost", usdText(test.costUsd)]);
  }
  writePairs(stdout, pairs);
  // Every other failure says in its own words what to do.
  if (test.errorClass === "not_configured")
    stderr.write(`${adviceFor("PROVIDER_NOT_CONFIGURED", "") ?? ""}\n`);
}
