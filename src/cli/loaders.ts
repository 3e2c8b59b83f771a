// Where the code of each command is, by its words. Every entry is a literal import(), of which the packager makes a lazy
// chunk: a command loads its own code and nothing else.

import type { Command } from "./context.ts";

export const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  "": () => import("./overview.ts").then((module) => module.overview),
  run: () => import("./run.ts").then((module) => module.run),
  demo: () => import("./demo.ts").then((module) => module.demo),
  "task list": () => import("./task-list.ts").then((module) => module.taskList),
  "task show": () => import("./task-show.ts").then((module) => module.taskShow),
  "task events": () => import("./task-show.ts").then((module) => module.taskEvents),
  "task tail": () => import("./task-tail.ts").then((module) => module.taskTail),
  "task why": () => import("./task-why.ts").then((module) => module.taskWhy),
  "task cancel": () => import("./task-act.ts").then((module) => module.taskCancel),
  "task retry": () => import("./task-act.ts").then((module) => module.taskRetry),
  "task resolve": () => import("./task-act.ts").then((module) => module.taskResolve),
  "model list": () => import("./model-list.ts").then((module) => module.modelList),
  "model test": () => import("./model-test.ts").then((module) => module.modelTest),
  "model drill": () => import("./model-drill.ts").then((module) => module.modelDrill),
  cost: () => import("./cost.ts").then((module) => module.cost),
  "daemon run": () => import("./daemon-run.ts").then((module) => module.daemonRun),
  "daemon start": () => import("./daemon.ts").then((module) => module.daemonStart),
  "daemon stop": () => import("./daemon-stop.ts").then((module) => module.daemonStop),
  "daemon status": () => import("./status.ts").then((module) => module.status),
  status: () => import("./status.ts").then((module) => module.status),
  "config get": () => import("./config.ts").then((module) => module.configGet),
  "config set": () => import("./config.ts").then((module) => module.configSet),
  "config unset": () => import("./config.ts").then((module) => module.configUnset),
  "config validate": () => import("./config.ts").then((module) => module.configValidate),
  "config schema": () => import("./config.ts").then((module) => module.configSchema),
  "config path": () => import("./config.ts").then((module) => module.configPath),
  "token show": () => import("./token.ts").then((module) => module.tokenShow),
  "token rotate": () => import("./token.ts").then((module) => module.tokenRotate),
  "db check": () => import("./db.ts").then((module) => module.dbCheck),
  codes: () => import("./codes.ts").then((module) => module.codes),
  completion: () => import("./completion.ts").then((module) => module.completion),
  help: () => import("./help.ts").then((module) => module.help),
};
