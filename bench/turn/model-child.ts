// The instant model in a process of its own, so that its work is not charged to the daemon.

import { childInput, tell } from "../kit/child.ts";
import { startModel } from "../kit/model.ts";

const model = await startModel({ answer: childInput<{ readonly answer: string }>().answer });
await tell({ url: model.url });
