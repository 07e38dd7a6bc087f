import { useState } from 'preact/hooks';
import { read, withQuery } from '../../api/client';
import type { AuditEvent, JsonObject, Twin, TwinData } from '../../api/types';
import { Check } from '../../components/fields';
import { Card, Shown } from '../../components/parts';
import { useResource } from '../../state/use-resource';
import { eventWords, time } from '../../state/words';
import { DiffLine, jsonDiff } from './json-diff';

interface TwinCardProps {
  readonly path: string;
  /** Newest first. */
  readonly history: readonly AuditEvent[];
  readonly changes: number;
}

/** The twin at its hub beside the initial state; the slider goes to any moment at which something happened. */
export function TwinCard({ path, history, changes }: TwinCardProps) {
  const moments = [...history].reverse();
  const [chosen, setChosen] = useState<number>();
  const [onlyChanges, setOnlyChanges] = useState(false);
  const moment = chosen === undefined ? undefined : moments[chosen];
  // Of now, what the service knows and what the hub's log says are both wanted, so the newest moment is asked for as well.
  const at = moment?.time ?? moments.at(-1)?.time;
  const twin = useResource(`${path} twin ${at ?? ''} ${moment === undefined ? changes : ''}`, (signal) =>
    read<TwinData>(withQuery(`${path}/twin`, { at }), signal),
  );
  return (
    <Card title="Twin">
      <div class="stack">
        {moments.length < 2 ? null : (
          <div class="moment">
            <label for="moment">
              <strong>{moment === undefined ? 'Now' : time(moment.time)}</strong>{' '}
              <span class="hint">{moment === undefined ? 'as of its last event' : `after: ${eventWords(moment.type)}`}</span>
            </label>
            <input
              id="moment"
              type="range"
              min={0}
              max={moments.length - 1}
              value={chosen ?? moments.length - 1}
              aria-valuetext={moment === undefined ? 'now' : `${time(moment.time)}, ${eventWords(moment.type)}`}
              onInput={(event) => {
                const index = Number(event.currentTarget.value);
                setChosen(index === moments.length - 1 ? undefined : index);
              }}
            />
          </div>
        )}
        <Check label="Only what differs" checked={onlyChanges} onChange={setOnlyChanges} />
        <Shown of={twin}>{(known) => <TwinDiff twin={known} onlyChanges={onlyChanges} />}</Shown>
      </div>
    </Card>
  );
}

function TwinDiff({ twin, onlyChanges }: { readonly twin: TwinData; readonly onlyChanges: boolean }) {
  const then = twin.atHub ?? twin.lastKnown;
  const initial = twin.initial?.twin;
  const lines = jsonDiff(
    initial === undefined ? undefined : { tags: initial.tags, desired: initial.desired },
    valuesIn(then?.twin ?? null),
  ).filter(({ change }) => !onlyChanges || change !== 'same');
  if (then === null && initial === undefined) return <p class="hint">The service knows of no twin at this moment.</p>;
  return (
    <>
      <p class="hint">{whereFrom(twin)}</p>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Twin beside the initial state">
        <table class="diff">
          <thead>
            <tr>
              <th>Value</th>
              <th>Initial state</th>
              <th>{then === null ? 'At no hub' : `At ${then.hub}`}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <Line key={line.path} line={line} />
            ))}
          </tbody>
        </table>
      </div>
      {lines.length === 0 ? <p class="hint">{onlyChanges ? 'Nothing differs.' : 'Both are empty.'}</p> : null}
    </>
  );
}

function Line({ line }: { readonly line: DiffLine }) {
  return (
    <tr class={line.change} data-path={line.path}>
      <td>{line.path}</td>
      <td>{line.before ?? '–'}</td>
      <td>{line.after ?? '–'}</td>
    </tr>
  );
}

function whereFrom({ atHub, lastKnown }: TwinData): string {
  if (atHub?.source === 'hubLog') return `Exactly as the log of ${atHub.hub} has it.`;
  const known = atHub ?? lastKnown;
  if (known === null) return 'The device was in no hub.';
  return `As this service last knew it at ${known.hub}; the device or a back end may have changed it since.`;
}

function valuesIn(twin: Twin | null): JsonObject | undefined {
  if (twin === null) return undefined;
  const { tags, desired, reported } = twin;
  return { tags, desired: desired.values, reported: reported.values };
}
