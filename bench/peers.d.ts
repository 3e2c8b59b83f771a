// The peers are installed by the bench alone; without them its own types are checked all the same.

declare module "bullmq";
declare module "ioredis";
declare module "plainjob";
