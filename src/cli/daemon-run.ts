// `goclaw daemon run`: the daemon in the foreground, until a signal asks it to stop. The first SIGTERM or SIGINT drains,
// the second ends the drain's wait; a terminal that closes (SIGHUP) does not take the daemon with it.

import { EXIT } from "../domain/error.ts";
import type { Context, GlobalOptions } from "./context.ts";
import { openHome } from "./home.ts";

interface RunOptions extends GlobalOptions {
  readonly quiet?: boolean;
}

export async function daemonRun(
  context: Context,
  _args: readonly string[],
  options: RunOptions,
): Promise<number> {
  const paths = openHome(context, options);
  const asked = Promise.withResolvers<void>();
  let stops = 0;
  let hurry = (): void => {};
  const stopListening = context.onSignal((signal) => {
    if (signal !== "SIGTERM" && signal !== "SIGINT") return;
    stops += 1;
    if (stops === 1) asked.resolve();
    else hurry();
  });
  try {
    const daemon = await context.startDaemon({
      ...{ takesWork: true, keepsTime: true, isService: true },
      paths,
      env: context.env,
      flags: { bind_addr: options.bind },
      logToStderr: options.quiet !== true,
    });
    if (context.stderr.isTerminal) {
      context.stderr.write(
        `goclaw ${context.version()} listens on http://${daemon.address}; Ctrl-C stops it\n`,
      );
    }
    hurry = () => daemon.hurry();
    await asked.promise;
    const stopped = daemon.stop();
    // A second signal may have come while the daemon was starting.
    if (stops > 1) daemon.hurry();
    await stopped;
    return EXIT.ok;
  } finally {
    stopListening();
  }
}
