// The daemon from its sources, with a defect planted in its process: SIGUSR2 throws where nothing catches. Started in
// front of the words that would start the real one.

process.on("SIGUSR2", () => {
  throw new Error(`planted defect with ${process.env.PLANTED_SECRET ?? "nothing"}`);
});
const at = process.argv.indexOf("--daemon");
process.argv.splice(2, at - 2);
await import("../../src/main.ts");
