export const rebuildPhases = ['reading', 'indexing', 'comparing', 'switching'] as const;

export interface RebuildStep {
  readonly phase: (typeof rebuildPhases)[number];
  readonly events: number;
  readonly eventsPerSecond: number;
  /** Of the log as it was at the beginning, 0 to 1; null where positions of the store are not numbers. */
  readonly fraction: number | null;
}

export const differenceKinds = ['missing live', 'missing rebuilt', 'changed'] as const;

/** A rebuilt table against the live one at the same position. */
export interface ComparedTable {
  readonly table: string;
  readonly rows: number;
  readonly missingLive: number;
  readonly missingRebuilt: number;
  readonly changed: number;
  /** The first ones, by key and names of columns: what they hold may be nobody's business. */
  readonly differences: readonly {
    readonly key: string;
    readonly kind: (typeof differenceKinds)[number];
    readonly columns: readonly string[];
  }[];
}

export interface RebuildResult {
  readonly version: number;
  /** Events read, with those that the projection passes over. */
  readonly events: number;
  readonly position: string;
  readonly buildMs: number;
  /** Null when there was nothing live to compare with. */
  readonly compared: {
    readonly version: number;
    readonly position: string;
    readonly tables: readonly ComparedTable[];
  } | null;
  readonly switched: boolean;
}

export interface RebuildRequest {
  readonly projection: string;
  /** False leaves the live tables and only compares. */
  readonly switchOver: boolean;
  readonly onStep: (step: RebuildStep) => void;
  readonly signal: AbortSignal;
}

/** Builds a read model from the whole log beside the live one and compares the two, wherever read models are kept. */
export interface ProjectionRebuilder {
  /** Read models that can be rebuilt. */
  readonly names: readonly string[];
  /** Errors: one whose message says what stood in the way; the signal's reason. */
  rebuild(request: RebuildRequest): Promise<RebuildResult>;
}

/** Injection token of the `ProjectionRebuilder`. */
export const PROJECTION_REBUILDER = Symbol('PROJECTION_REBUILDER');
