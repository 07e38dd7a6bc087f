import type { HubFlows } from '../../api/types';
import { number } from '../../state/words';
import { COLOURS, PairOfHubs, StepOfFlows } from './flow-series';

function Swatch({ colour }: { readonly colour: number }) {
  return <i class={`swatch flow-${colour}`} aria-hidden="true" />;
}

function pairWords({ from, to }: PairOfHubs): string {
  return from === null ? `first assignment → ${to}` : `${from} → ${to}`;
}

/** The sums of the range, and what the colours mean. */
export function PairsTable({ pairs }: { readonly pairs: readonly PairOfHubs[] }) {
  return (
    <div class="few-rows" tabIndex={0} role="region" aria-label="Flows by hub">
      <table>
        <thead>
          <tr>
            <th>From and to</th>
            <th class="number">Devices</th>
            <th class="number">With their twin</th>
            <th class="number">Started anew</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair) => (
            <tr key={pairWords(pair)}>
              <td>
                <span class="row one-line">
                  <Swatch colour={pair.colour} />
                  <span>{pairWords(pair)}</span>
                </span>
              </td>
              <td class="number">{number(pair.devices)}</td>
              <td class="number">{pair.from === null ? '–' : number(pair.migrated)}</td>
              <td class="number">{pair.from === null ? '–' : number(pair.reset)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface FlowsByStepProps {
  readonly flows: HubFlows;
  readonly steps: readonly StepOfFlows[];
  readonly pairs: readonly PairOfHubs[];
  readonly when: (at: string) => string;
}

/** The picture in numbers: a row for each hour or day in which devices came, a column for each colour. */
export function FlowsByStep({ flows, steps, pairs, when }: FlowsByStepProps) {
  const named = pairs.slice(0, COLOURS);
  const columns = named.map((pair) => ({ colour: pair.colour, words: pairWords(pair) }));
  if (pairs.length > COLOURS) columns.push({ colour: COLOURS + 1, words: 'all others' });
  const title = flows.step === 'hour' ? 'By hour' : 'By day, UTC';
  return (
    <details>
      <summary>{title}</summary>
      <div class="few-rows" tabIndex={0} role="region" aria-label={title}>
        <table>
          <thead>
            <tr>
              <th>From</th>
              {columns.map(({ colour, words }) => (
                <th key={words} class="number">
                  <Swatch colour={colour} /> {words}
                </th>
              ))}
              <th class="number">Devices</th>
            </tr>
          </thead>
          <tbody>
            {steps
              .filter(({ devices }) => devices > 0)
              .map((step) => (
                <tr key={step.at}>
                  <th scope="row">{when(step.at)}</th>
                  {columns.map(({ colour, words }) => (
                    <td key={words} class="number">
                      {number(step.parts.find((part) => part.colour === colour)?.devices ?? 0)}
                    </td>
                  ))}
                  <td class="number">{number(step.devices)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
