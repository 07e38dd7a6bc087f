import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeAgents } from '@test/support/clients';
import { ServiceProcess, startServiceProcess } from '@test/support/service-process';
import { Fleet } from './fleet';
import { Narrator } from './narrator';
import { tellStory } from './story';

/** Starts everything in a directory that is gone afterwards, tells the story, and leaves nothing running. */
async function main(): Promise<number> {
  const narrator = new Narrator();
  const directory = await mkdtemp(join(tmpdir(), 'rehome-demo-'));
  let service: ServiceProcess | undefined;
  const startedMs = performance.now();
  // Ctrl-C reaches the service as well, which then stops by itself; this process waits for it.
  process.on('SIGINT', () => undefined);
  try {
    narrator.heading('Start');
    service = await narrator.tell('service, two reference hubs and PostgreSQL, with a fresh certificate authority', () =>
      startServiceProcess({ dataDir: join(directory, 'data'), env: { REHOME_LOG_LEVEL: 'warn' } }),
    );
    narrator.line(`https://localhost:${service.facts.port}, id scope ${service.facts.idScope}`);
    await tellStory(new Fleet(service.facts), narrator);
    narrator.heading(`Everything happened as it should, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`);
    return 0;
  } catch (error) {
    narrator.heading(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
    if (service !== undefined) narrator.line(service.output());
    return 1;
  } finally {
    closeAgents();
    await service?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

void main().then((code) => process.exit(code));
