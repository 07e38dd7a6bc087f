import { read } from '../../api/client';
import type { Neighbour, WholeAuditEvent } from '../../api/types';
import { Card, Head, Json, Shown } from '../../components/parts';
import { href } from '../../state/router';
import { useResource } from '../../state/use-resource';
import { useTitle } from '../../state/use-title';
import { eventWords, time } from '../../state/words';

export function AuditEventPage({ position }: { readonly position: string }) {
  useTitle(`Event ${position}`);
  const event = useResource(`event ${position}`, (signal) =>
    read<WholeAuditEvent>(`/audit/events/${encodeURIComponent(position)}`, signal),
  );
  return (
    <>
      <Head title={`Event ${position}`} lead={<a href={href('audit')}>Audit</a>} />
      <Shown of={event}>{(known) => <Whole event={known} />}</Shown>
    </>
  );
}

function Whole({ event }: { readonly event: WholeAuditEvent }) {
  const { inStream, inLog } = event;
  return (
    <>
      <nav class="row" aria-label="Neighbours">
        <Step label="← in the log" neighbour={inLog.previous} />
        <Step label="in the log →" neighbour={inLog.next} />
        <Step label="← in the stream" neighbour={inStream.previous} />
        <Step label="in the stream →" neighbour={inStream.next} />
      </nav>
      <Card title={eventWords(event.type)}>
        <dl class="facts">
          <dt>Stream</dt>
          <dd>
            {event.stream}, revision {event.revision}
          </dd>
          <dt>When</dt>
          <dd>{time(event.time)}</dd>
          <dt>By</dt>
          <dd>
            {event.actor.kind} {event.actor.name}
          </dd>
          {event.registrationId === null ? null : (
            <>
              <dt>Device</dt>
              <dd>
                <a href={href('devices', event.registrationId)}>{event.registrationId}</a>
              </dd>
            </>
          )}
          <dt>Request</dt>
          <dd class="mono">{event.correlationId}</dd>
          <dt>Hash</dt>
          <dd class="mono" data-fact="hash">
            {event.hash ?? 'none'}
          </dd>
          <dt>Hash before</dt>
          <dd class="mono">{previousWords(event.previousHash)}</dd>
        </dl>
      </Card>
      <Card title="Data">
        <Json value={event.data} label="Data of the event" />
      </Card>
      <Card title="Metadata">
        <Json value={event.metadata} label="Metadata of the event" />
      </Card>
    </>
  );
}

function previousWords(hash: string | null): string {
  if (hash === null) return 'none';
  return hash === '' ? 'the first of its stream' : hash;
}

function Step({ label, neighbour }: { readonly label: string; readonly neighbour: Neighbour | null }) {
  if (neighbour === null) return null;
  return (
    <a class="button" href={href('audit', neighbour.position)} title={`${eventWords(neighbour.type)}, ${neighbour.stream}`}>
      {label}
    </a>
  );
}
