import { randomUUID } from 'node:crypto';
import { CommandBus } from '@nestjs/cqrs';
import { EventStore } from '@app/event-sourcing';
import { LinkHub, linkedHubsStream } from '@app/provisioning';

/** A location says where a hub is; the reference hubs are where this service is. */
const LOCATION = 'local';

/**
 * Links the reference hubs with weight 1, once: as soon as the stream of linked hubs has any event, what an operator made of it is
 * left alone.
 */
export async function linkHubsOnFirstStart(
  store: EventStore,
  commands: CommandBus,
  hubs: readonly { hostName: string; connectionString: string }[],
): Promise<void> {
  const { exists } = await store.readStream(linkedHubsStream, { maxCount: 1 });
  if (exists) return;
  for (const { hostName, connectionString } of hubs) {
    const settings = { connectionString, location: LOCATION, allocationWeight: 1, applyAllocationPolicy: true };
    const context = { actor: { kind: 'system', name: 'first-start' }, correlationId: randomUUID() } as const;
    await commands.execute(new LinkHub(hostName, settings, context));
  }
}
