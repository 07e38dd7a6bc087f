import { count, number } from '../../state/words';
import type { StepOfFlows } from './flow-series';

const WIDTH = 600;
const HEIGHT = 120;
const FLOOR = HEIGHT - 2;
/** Between two bars, as a part of what a bar has. */
const GAP = 0.2;

interface FlowsChartProps {
  readonly steps: readonly StepOfFlows[];
  /** One sentence that tells what is drawn. */
  readonly said: string;
  readonly when: (at: string) => string;
}

/** One bar an hour or a day, stacked from the pairs of hubs between which devices went. */
export function FlowsChart({ steps, said, when }: FlowsChartProps) {
  const most = Math.max(1, ...steps.map(({ devices }) => devices));
  const width = WIDTH / Math.max(1, steps.length);
  return (
    <figure>
      <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said} preserveAspectRatio="none">
        <line x1="0" x2={WIDTH} y1={FLOOR} y2={FLOOR} />
        {steps.map((step, index) => (
          <Step key={step.at} step={step} x={index * width} width={width} scale={(FLOOR - 6) / most} title={when(step.at)} />
        ))}
      </svg>
      <figcaption class="ends">
        <span>{steps[0] === undefined ? '' : when(steps[0].at)}</span>
        <span>highest: {number(most)}</span>
        <span>{when(steps.at(-1)?.at ?? '')}</span>
      </figcaption>
    </figure>
  );
}

interface StepProps {
  readonly step: StepOfFlows;
  readonly x: number;
  readonly width: number;
  readonly scale: number;
  readonly title: string;
}

function Step({ step, x, width, scale, title }: StepProps) {
  let below = 0;
  return (
    <g>
      <title>{`${title}: ${count(step.devices, 'device')}`}</title>
      {step.parts.map(({ colour, devices }) => {
        below += devices;
        return (
          <rect
            key={colour}
            class={`flow flow-${colour}`}
            x={x + (width * GAP) / 2}
            width={width * (1 - GAP)}
            y={FLOOR - below * scale}
            height={devices * scale}
          />
        );
      })}
    </g>
  );
}
