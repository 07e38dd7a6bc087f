import { useState } from 'preact/hooks';
import { withQuery } from '../../api/client';
import type { AuditEvent } from '../../api/types';
import { TextField } from '../../components/fields';
import { Card, Head, ProblemNotice } from '../../components/parts';
import { go, href } from '../../state/router';
import { usePages } from '../../state/use-pages';
import { useTitle } from '../../state/use-title';
import { eventWords, time } from '../../state/words';
import { VerifyCard } from './verify-card';

const PAGE_EVENTS = 50;
const filterNames = ['type', 'actor', 'registrationId', 'hub', 'enrollmentGroupId', 'since', 'until'] as const;
type Filters = Record<(typeof filterNames)[number], string>;

const labels: Readonly<Record<(typeof filterNames)[number], string>> = {
  type: 'Type',
  actor: 'Actor',
  registrationId: 'Device',
  hub: 'Hub',
  enrollmentGroupId: 'Group',
  since: 'Since',
  until: 'Until',
};

export function AuditPage({ query }: { readonly query: URLSearchParams }) {
  useTitle('Audit');
  const asked = Object.fromEntries(filterNames.map((name) => [name, query.get(name) ?? ''])) as Filters;
  const [filters, setFilters] = useState(asked);
  const events = usePages<AuditEvent>(
    '/audit/events',
    { ...asked, since: instant(asked.since), until: instant(asked.until) },
    PAGE_EVENTS,
  );
  const { items, cursor, problem, isLoading } = events;
  return (
    <>
      <Head title="Audit" lead="Everything that happened, newest first." />
      <Card title="Filters">
        <form
          class="filters wide-ones"
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            go(withQuery(href('audit'), filters));
          }}
        >
          {filterNames.map((name) => (
            <TextField
              key={name}
              label={labels[name]}
              type={name === 'since' || name === 'until' ? 'datetime-local' : 'text'}
              value={filters[name]}
              placeholder={name === 'type' ? 'DeviceAssigned' : ''}
              onChange={(value) => setFilters({ ...filters, [name]: value })}
            />
          ))}
          <div>
            <button type="submit" class="primary">
              Search
            </button>
          </div>
        </form>
      </Card>
      <ProblemNotice problem={problem} />
      {isLoading && items.length === 0 ? <div class="skeleton" aria-busy="true" aria-label="Loading" /> : null}
      {items.length === 0 ? null : <Events events={items} />}
      {!isLoading && items.length === 0 && problem === undefined ? (
        <Card>
          <p class="empty">No event is like this.</p>
        </Card>
      ) : null}
      {typeof cursor === 'string' ? (
        <div>
          <button type="button" disabled={isLoading} onClick={events.more}>
            Show more
          </button>
        </div>
      ) : null}
      <VerifyCard />
    </>
  );
}

/** What the browser's control gives is local time without an offset. */
function instant(local: string): string {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString();
}

function Events({ events }: { readonly events: readonly AuditEvent[] }) {
  return (
    <Card title="Events" flush>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Events">
        <table>
          <thead>
            <tr>
              <th class="number">Position</th>
              <th>Event</th>
              <th>About</th>
              <th>By</th>
              <th>When</th>
            </tr>
          </thead>
          <tbody>
            {events.map((event) => (
              <tr key={event.position} data-event={event.type}>
                <td class="number">
                  <a href={href('audit', event.position)}>{event.position}</a>
                </td>
                <td>{eventWords(event.type)}</td>
                <td>
                  {event.registrationId === null ? (
                    event.stream
                  ) : (
                    <a href={href('devices', event.registrationId)}>{event.registrationId}</a>
                  )}
                </td>
                <td>
                  {event.actor.kind} {event.actor.name}
                </td>
                <td class="once">{time(event.time)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
