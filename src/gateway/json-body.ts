// The body of a request: JSON of a sane shape in UTF-8, or refused in words that say what to send instead. Who was told
// no in the middle of sending is listened to a little longer, because a connection that is reset loses the answer too.

import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import { GoclawError } from "../domain/error.ts";
import { placeOfFault } from "./json-fault.ts";
import { faultOfShape } from "./json-shape.ts";

export function readJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body: string, done) => {
    const fault = faultOfHeaders(request.raw) ?? faultOf(body);
    if (fault !== undefined) done(fault);
    else
      parse(request, body, (error, value) => {
        const place = error === null || body === "" ? undefined : placeOfFault(body);
        if (place === undefined) done(error, value);
        else done(new GoclawError("PARSE_ERROR", `the body is not valid JSON: ${place}`));
      });
  });
}

function faultOf(body: string): GoclawError | undefined {
  const fault = faultOfShape(body);
  return fault === undefined ? undefined : new GoclawError("BAD_REQUEST", `the body is refused: ${fault}`);
}

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i;

function faultOfHeaders({ headers }: IncomingMessage): GoclawError | undefined {
  const { "content-encoding": encoding = "identity", "content-type": type = "" } = headers;
  if (encoding.trim().toLowerCase() !== "identity")
    return new GoclawError("UNSUPPORTED_MEDIA", "send the body as it is, without a Content-Encoding");
  const charset = CHARSET.exec(type)?.[1]?.toLowerCase() ?? "utf-8";
  if (charset === "utf-8" || charset === "utf8") return undefined;
  return new GoclawError("UNSUPPORTED_MEDIA", `send the body as UTF-8; charset ${charset} is not read`);
}

/** How long a refused body may go on. */
const LINGER_MS = 15_000;

/** The answer is followed by the end of our side; the rest of the body is dropped until theirs ends. */
export function linger(request: IncomingMessage): void {
  const { socket } = request;
  request.resume();
  // What the HTTP library calls once the answer has left.
  socket.destroySoon = () => {
    socket.end();
    const patience = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(patience));
  };
}
