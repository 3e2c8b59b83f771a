// Writes down where one provider broke off and which one went on, while the answer is still coming.

import type { ClaimedTask } from "../domain/task.ts";
import { recordSeam } from "../journal/seam.ts";
import type { Store } from "../store/store.ts";
import type { Hearing } from "./call.ts";

export function createSeamNote(
  store: Store,
  { id: taskId, fence }: ClaimedTask,
  turn: number,
  redact: (text: string) => string,
): Hearing["onSeam"] {
  return ({ fromProvider, fromModel, toProvider, toModel, errorClass, message, offset }) => {
    const [from, to] = [`${fromProvider}/${fromModel}`, `${toProvider}/${toModel}`];
    const seam = { turn, offset, from, to, errorClass, message: redact(message) };
    // The answer does not wait for this note; when it cannot be written, neither can the answer be.
    store.run(recordSeam, { taskId, fence, ...seam }).catch(() => {});
  };
}
