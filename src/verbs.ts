// Every verb the writer thread knows: one line each. A test holds this list against the files that define verbs.

import { fire } from "./engine/cron/fire.ts";
import { reconcileSchedules } from "./engine/cron/reconcile.ts";
import { addSchedule, changeSchedule, removeSchedule, switchOff, switchOn } from "./engine/cron/verbs.ts";
import { countRequest } from "./engine/daily-requests.ts";
import { finish } from "./engine/finish.ts";
import { saveBreaker } from "./engine/provider-health.ts";
import { recordAnswer } from "./journal/answers.ts";
import { respondApproval } from "./journal/approvals.ts";
import { release, releaseOrphans, reserve } from "./journal/budget.ts";
import { doubtEffect, settleEffect } from "./journal/effects.ts";
import { recordFailedCalls } from "./journal/failed-calls.ts";
import { resolveEffect } from "./journal/resolve.ts";
import { recordRoute } from "./journal/route.ts";
import { recordSeam } from "./journal/seam.ts";
import { recordSummary } from "./journal/summaries.ts";
import { approveServer, seeTools } from "./mcp/pins.ts";
import { addKey, revokeKey, updateKey } from "./policy/api-keys.ts";
import { recordAudit, savePolicyVersion } from "./policy/audit.ts";
import { cancel } from "./queue/cancel.ts";
import { claim } from "./queue/claim.ts";
import { enqueue } from "./queue/enqueue.ts";
import { fail } from "./queue/fail.ts";
import { recoverOrphans, recoverUnheld } from "./queue/recover.ts";
import { requeue } from "./queue/requeue.ts";
import { retryDeadLetter } from "./queue/retry.ts";
import { suspend } from "./queue/suspend.ts";
import { wakeDue, wakeForBudget } from "./queue/wake.ts";
import type { AnyVerb } from "./store/verb.ts";
import { askFor, withdrawAsking } from "./tools/ask.ts";
import { intend, refuse } from "./tools/intend.ts";

export const VERBS: readonly AnyVerb[] = [
  enqueue,
  claim,
  fail,
  suspend,
  wakeDue,
  requeue,
  cancel,
  retryDeadLetter,
  recoverOrphans,
  recoverUnheld,
  recordAnswer,
  doubtEffect,
  settleEffect,
  resolveEffect,
  recordAudit,
  savePolicyVersion,
  addKey,
  updateKey,
  revokeKey,
  intend,
  refuse,
  askFor,
  withdrawAsking,
  respondApproval,
  finish,
  recordSeam,
  recordSummary,
  recordFailedCalls,
  saveBreaker,
  reserve,
  release,
  releaseOrphans,
  wakeForBudget,
  countRequest,
  recordRoute,
  seeTools,
  approveServer,
  addSchedule,
  changeSchedule,
  removeSchedule,
  switchOff,
  switchOn,
  reconcileSchedules,
  fire,
];
