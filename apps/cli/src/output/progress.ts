import { Presets, SingleBar } from 'cli-progress';
import { Io } from '../io';

export interface Progress {
  /** `total` where it is known by now. */
  update(done: number, total?: number): void;
  stop(): void;
}

const UNKNOWN_TOTAL = 1;
const silent: Progress = { update: () => undefined, stop: () => undefined };

/** A bar on standard error while something takes long; nothing where that is no terminal. `unit` is what is counted. */
export function progressBar({ stderr, env }: Io, title: string, unit: string): Progress {
  if (stderr.isTTY !== true || env.TERM === 'dumb') return silent;
  const format = `${title} {bar} {percentage} % | {value} ${unit} | {eta_formatted} left`;
  const bar = new SingleBar(
    { format, stream: stderr as NodeJS.WritableStream, hideCursor: true, clearOnComplete: true, etaBuffer: 50 },
    Presets.shades_classic,
  );
  bar.start(UNKNOWN_TOTAL, 0);
  return {
    update: (done, total) => {
      if (total !== undefined) bar.setTotal(Math.max(total, done));
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
