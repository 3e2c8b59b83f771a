// One stub model, one webhook sink and one home for a test, with daemons that come and go. `close` ends whatever is
// still running, so that a failing test leaves no process and no directory behind.

import { type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";
import { type HomeFiles, makeHome, removeHome } from "./home.ts";
import { type HomeDb, openHomeDb } from "./home-db.ts";
import { type Sink, type SinkOptions, startSink } from "./sink.ts";
import { type StubModel, startStubModel } from "./stub-model.ts";

export interface Rig {
  readonly home: string;
  readonly stub: StubModel;
  readonly sink: Sink;
  /** Starts a daemon in the home; the one before must be gone. */
  start(options?: Omit<DaemonOptions, "home">): Promise<Daemon>;
  /** Reads the home's evidence once. */
  read<T>(look: (db: HomeDb) => T): T;
  close(): Promise<void>;
}

export interface RigOptions extends HomeFiles {
  readonly sink?: SinkOptions;
}

export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const stub = await startStubModel();
  const sink = await startSink(options.sink);
  const home = makeHome({ modelUrl: stub.baseUrl, sinkUrl: sink.url }, options);
  const daemons: Daemon[] = [];
  return {
    home,
    stub,
    sink,
    start: async (more = {}) => {
      const daemon = await startDaemon({ home, ...more });
      daemons.push(daemon);
      return daemon;
    },
    read: (look) => {
      const db = openHomeDb(home);
      try {
        return look(db);
      } finally {
        db.close();
      }
    },
    close: async () => {
      stub.openAll();
      sink.resume();
      for (const daemon of daemons) await daemon.kill();
      await Promise.all([stub.close(), sink.close()]);
      removeHome(home);
    },
  };
}
