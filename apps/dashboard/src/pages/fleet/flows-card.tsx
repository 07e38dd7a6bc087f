import { useState } from 'preact/hooks';
import { read } from '../../api/client';
import type { HubFlows } from '../../api/types';
import { Check } from '../../components/fields';
import { Card, Shown } from '../../components/parts';
import { go, href } from '../../state/router';
import { Resource, useResource } from '../../state/use-resource';
import { count, dayAndHour, number, utcDay } from '../../state/words';
import { pairsOf, stepsOf } from './flow-series';
import { FlowsChart } from './flows-chart';
import { FlowsByStep, PairsTable } from './flows-tables';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Range {
  readonly name: string;
  readonly words: string;
  readonly step: HubFlows['step'];
  /** To the beginning of the first hour or day, so that with the present one there are as many as the words say. */
  readonly backMs: number;
}

const aDay: Range = { name: '24h', words: '24 hours', step: 'hour', backMs: 23 * HOUR_MS };
const ranges: readonly Range[] = [
  aDay,
  { name: '7d', words: '7 days', step: 'day', backMs: 6 * DAY_MS },
  { name: '30d', words: '30 days', step: 'day', backMs: 29 * DAY_MS },
];

export interface Flows {
  readonly range: Range;
  readonly resource: Resource<HubFlows>;
}

/** The range is in the address, so that it can be sent to somebody. */
export function useFlows(query: URLSearchParams, pollMs: number): Flows {
  const range = ranges.find(({ name }) => name === query.get('flows')) ?? aDay;
  const resource = useResource(
    `flows ${range.name}`,
    (signal) => {
      const since = new Date(Date.now() - range.backMs).toISOString();
      return read<HubFlows>(`/fleet/flows?step=${range.step}&since=${since}`, signal);
    },
    pollMs,
  );
  return { range, resource };
}

export function FlowsCard({ flows: { range, resource } }: { readonly flows: Flows }) {
  const [withFirst, setWithFirst] = useState(false);
  return (
    <Card title="Flows between hubs">
      <div class="stack">
        <div class="row spaced">
          <fieldset class="in-row">
            <legend class="hidden-label">Range</legend>
            {ranges.map(({ name, words }) => (
              <label key={name} class="choice">
                <input
                  type="radio"
                  name="flows"
                  checked={name === range.name}
                  onChange={() => go(`${href()}?flows=${name}`, { replace: true })}
                />
                {words}
              </label>
            ))}
          </fieldset>
          <Check label="With first assignments" checked={withFirst} onChange={setWithFirst} />
        </div>
        <Shown of={resource}>{(flows) => <Picture flows={flows} words={range.words} withFirst={withFirst} />}</Shown>
      </div>
    </Card>
  );
}

interface PictureProps {
  readonly flows: HubFlows;
  readonly words: string;
  readonly withFirst: boolean;
}

function Picture({ flows, words, withFirst }: PictureProps) {
  const pairs = pairsOf(flows, withFirst);
  const steps = stepsOf(flows, pairs);
  const when = flows.step === 'hour' ? dayAndHour : utcDay;
  const came = pairs.reduce((sum, { devices }) => sum + devices, 0);
  const told = flows.flows.reduce((sum, { devices }) => sum + devices, 0);
  const said = `${count(came, withFirst ? 'arrival' : 'move')} in ${words}`;
  if (pairs.length === 0) return <p class="hint">No device has moved in {words}.</p>;
  return (
    <>
      <FlowsChart steps={steps} said={said} when={when} />
      <PairsTable pairs={pairs} />
      {flows.devices > told ? (
        <p class="hint">{number(flows.devices - told)} more went between pairs of hubs that had fewer.</p>
      ) : null}
      <FlowsByStep flows={flows} steps={steps} pairs={pairs} when={when} />
    </>
  );
}
