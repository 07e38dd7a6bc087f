import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandLine } from './command-line';
import { DeviceCalls } from './device-calls';
import { RunningService, startService } from './running-service';

/** The command line with a service of its own, what devices send to it, and a directory for files. */
export class ServedCommandLine extends CommandLine {
  readonly calls: DeviceCalls;
  readonly hubA: string;
  readonly hubB: string;

  private constructor(
    readonly service: RunningService,
    readonly files: string,
  ) {
    super(service.dataDir);
    this.calls = new DeviceCalls(service);
    [this.hubA, this.hubB] = service.hubs;
  }

  static async start(): Promise<ServedCommandLine> {
    const service = await startService({ REHOME_LOG_LEVEL: 'warn' });
    return new ServedCommandLine(service, await mkdtemp(join(tmpdir(), 'rehome-cli-')));
  }

  async close(): Promise<void> {
    await this.service.close();
    await rm(this.files, { recursive: true, force: true });
  }
}
