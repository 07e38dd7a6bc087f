import { CarriedTwin } from '../registrations/registration.events';
import { ReadDatabase, Row } from '../shared/read-database';
import { EnrollmentKind, InitialTwin } from '../shared/shapes';
import { booleanOrNull, instant, instantOrNull, jsonOrNull, revision, text, textOrNull } from './columns';
import { tableName } from './table-name';
import { asNewTwin, twinDataProjection } from './twin-data.projection';

/** Times are ISO 8601 UTC; a twin has `tags`, `desired` and `reported`, the sections with `values`, `version` and `metadata`. */
export interface TwinData {
  readonly registrationId: string;
  /** What the service keeps and every reset starts from, as of the last operation. */
  readonly initial: {
    readonly twin: InitialTwin;
    readonly enrollment: { readonly kind: EnrollmentKind; readonly id: string; readonly revision: string };
    readonly at: string;
  } | null;
  /**
   * The hub's state when the service last knew it. `twin` is null where the device was created again from an initial state that
   * later operations have replaced here (the events still have it).
   */
  readonly lastKnown: {
    readonly twin: CarriedTwin | null;
    readonly hub: string;
    readonly source: 'initialTwin' | 'migrated' | 'reset';
    readonly at: string;
  } | null;
  /** What the last migration took along. */
  readonly carried: {
    readonly twin: CarriedTwin;
    readonly from: string;
    readonly to: string;
    readonly complete: boolean;
    readonly operationId: string;
    readonly at: string;
  } | null;
  readonly revision: string;
}

const TABLE = tableName(twinDataProjection);

export async function findTwinData(database: ReadDatabase, registrationId: string): Promise<TwinData | undefined> {
  const rows = await database.query({
    name: 'twin-data.one',
    text: `select * from ${TABLE} where registration_key = $1`,
    values: [registrationId.toLowerCase()],
  });
  return rows[0] === undefined ? undefined : twinData(rows[0]);
}

export function twinData(row: Row): TwinData {
  return {
    registrationId: textOrNull(row, 'registration_id') ?? text(row, 'registration_key'),
    initial: initial(row),
    lastKnown: lastKnown(row),
    carried: carried(row),
    revision: revision(row),
  };
}

function initial(row: Row): TwinData['initial'] {
  const twin = jsonOrNull(row, 'initial_twin') as InitialTwin | null;
  const enrollment = jsonOrNull(row, 'initial_enrollment') as NonNullable<TwinData['initial']>['enrollment'] | null;
  return twin === null || enrollment === null ? null : { twin, enrollment, at: instant(row, 'initial_at') };
}

function lastKnown(row: Row): TwinData['lastKnown'] {
  const hub = textOrNull(row, 'hub');
  if (hub === null) return null;
  const createdAt = instantOrNull(row, 'created_at');
  const twinAt = instantOrNull(row, 'hub_twin_at');
  const createdBy = textOrNull(row, 'created_operation_id');
  // Created by an operation that placed no other twin: from the initial one, which this row still has unless another operation came.
  const startedAnew =
    createdAt !== null && createdBy !== textOrNull(row, 'hub_twin_operation_id') && (twinAt === null || createdAt >= twinAt);
  if (startedAnew) {
    const kept =
      createdBy === textOrNull(row, 'initial_operation_id') ? (jsonOrNull(row, 'initial_twin') as InitialTwin | null) : null;
    return { twin: kept === null ? null : asNewTwin(kept), hub, source: 'initialTwin', at: createdAt };
  }
  const placed = jsonOrNull(row, 'hub_twin');
  if (placed === null || twinAt === null) return null;
  const source = text(row, 'hub_twin_source') as NonNullable<TwinData['lastKnown']>['source'];
  const twin = source === 'migrated' ? (placed as CarriedTwin) : asNewTwin(placed as InitialTwin);
  return { twin, hub: text(row, 'hub_twin_hub'), source, at: twinAt };
}

function carried(row: Row): TwinData['carried'] {
  const twin = jsonOrNull(row, 'carried_twin') as CarriedTwin | null;
  if (twin === null) return null;
  return {
    twin,
    from: text(row, 'carried_from'),
    to: text(row, 'carried_to'),
    complete: booleanOrNull(row, 'carried_complete') ?? false,
    operationId: text(row, 'carried_operation_id'),
    at: instant(row, 'carried_at'),
  };
}
