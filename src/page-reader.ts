// The root of the thread that reads HTML. It is told one page, answers once and is ended by whoever started it; it has
// no store, no network and no environment.

import { parentPort } from "node:worker_threads";
import type { PageJob } from "./tools/page.ts";
import { readPageText } from "./tools/page-text.ts";

parentPort?.once("message", (job: PageJob) => parentPort?.postMessage(readPageText(job)));
parentPort?.postMessage("ready");
