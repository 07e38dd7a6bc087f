import { readFile } from 'node:fs/promises';
import { Configuration, ConfigurationError } from '@app/platform';
import { RegistrationSettings, parseLatencyTable } from '@app/provisioning';

/** Reads and checks the latencies at start, so that a mistake in the file is found then. Error: `ConfigurationError`. */
export async function allocationSettings(configuration: Configuration): Promise<RegistrationSettings['allocation']> {
  const { latencyFile, webhookNetworks } = configuration;
  if (latencyFile === undefined) return { latencies: null, webhookNetworks };
  try {
    return { latencies: parseLatencyTable(await textOf(latencyFile)), webhookNetworks };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigurationError([`REHOME_LATENCY_FILE: ${latencyFile} ${error.message}`]);
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new RangeError('cannot be read');
  }
}
