import { uuidv7 } from 'uuidv7';
import { Actor, CommandContext, EventMetadata } from '@app/event-sourcing';

/** Who asks, and the id that ties together everything done for this request. */
export interface RequestContext {
  readonly actor: Actor;
  /** UUID; also the `x-ms-request-id` of the answer. */
  readonly correlationId: string;
}

export function commandContext(
  stream: string,
  request: RequestContext,
  causationId: string = request.correlationId,
): CommandContext {
  const metadata: EventMetadata = { actor: request.actor, correlationId: request.correlationId, causationId };
  return { stream, metadata, newId: uuidv7 };
}
