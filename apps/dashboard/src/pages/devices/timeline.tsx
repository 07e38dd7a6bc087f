import type { AuditEvent } from '../../api/types';
import { href } from '../../state/router';
import { eventWords, time } from '../../state/words';

/** Newest first; what happened at a hub has a mark of its own. */
export function Timeline({ events }: { readonly events: readonly AuditEvent[] }) {
  if (events.length === 0) return <p class="hint">Nothing has happened yet.</p>;
  return (
    <ol class="timeline">
      {events.map((event) => (
        <li key={`${event.log} ${event.position}`} class={event.log === 'hubs' ? 'from-hub' : ''}>
          <div>
            <strong>{eventWords(event.type)}</strong> <span>{placeOf(event)}</span>
            <div class="when">
              {time(event.time)} · {event.actor.kind} {event.actor.name}
              {event.log === 'hubs' ? ' · at the hub' : null}
              {event.log === 'provisioning' ? (
                <>
                  {' · '}
                  <a href={href('audit', event.position)} aria-label={`Event ${event.position}`}>
                    event
                  </a>
                </>
              ) : null}
            </div>
          </div>
        </li>
      ))}
    </ol>
  );
}

function placeOf({ hubs }: AuditEvent): string {
  return hubs.length === 0 ? '' : hubs.join(', ');
}
