import { RunningService } from './running-service';

/** An event as the audit API tells it, in the fields that tests look at. */
export interface AuditedEvent {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly type: string;
  readonly time: string;
  readonly actor: { readonly kind: string; readonly name: string };
  readonly correlationId: string;
  readonly apiVersion: string | null;
  readonly hubs: readonly string[];
  readonly log: string;
  readonly data: Record<string, unknown>;
}

interface AuditPage {
  readonly items: readonly AuditedEvent[];
  readonly nextCursor: string | null;
}

/** Small, so that every list of a test has several pages. */
const PAGE_EVENTS = 3;

/** What the management API answers, which has to be 200. */
export async function getOk<Body>(service: RunningService, path: string): Promise<Body> {
  const { status, text } = await service.manage('GET', path);
  expect({ path, status, text: status === 200 ? '' : text }).toEqual({ path, status: 200, text: '' });
  return JSON.parse(text) as Body;
}

/** Every page of a list of events. */
export async function allEvents(service: RunningService, path: string): Promise<readonly AuditedEvent[]> {
  const items: AuditedEvent[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = `limit=${PAGE_EVENTS}${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page: AuditPage = await getOk(service, `${path}${path.includes('?') ? '&' : '?'}${query}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

export const typesOf = (events: readonly Pick<AuditedEvent, 'type'>[]): string[] => events.map(({ type }) => type);
