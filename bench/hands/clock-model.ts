// A model whose answer is the time at which it left: an OpenAI-compatible server in a process of its own, whose first word
// is its clock in microseconds of the epoch.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { childInput, tell } from "../kit/child.ts";
import { streamedEvents } from "../kit/model.ts";

childInput();
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const [role = "", ...rest] = streamedEvents("0 end");
    response.write(role);
    // Later than the head, so that it is a packet of its own.
    setTimeout(() => {
      const nowUs = String(Math.round((performance.timeOrigin + performance.now()) * 1_000));
      response.end(`${rest.join("").replace('"content":"0"', `"content":"${nowUs}"`)}data: [DONE]\n\n`);
    }, 3);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  void tell({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` });
});
