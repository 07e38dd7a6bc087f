import type { MinuteCount } from '../../api/types';
import { count, hourAndMinute, number } from '../../state/words';

const MINUTES = 60;
const MINUTE_MS = 60_000;
const WIDTH = 600;
const HEIGHT = 120;
const FLOOR = HEIGHT - 2;
const STEP = WIDTH / MINUTES;

/** One bar a minute: registrations, among them moves and failures. */
export function MinutesChart({ minutes, at }: { readonly minutes: readonly MinuteCount[]; readonly at: string }) {
  const lastMs = Math.floor(Date.parse(at) / MINUTE_MS) * MINUTE_MS;
  const firstMs = lastMs - (MINUTES - 1) * MINUTE_MS;
  const most = Math.max(1, ...minutes.map(({ registrations }) => registrations));
  const sum = (of: (minute: MinuteCount) => number): number => minutes.reduce((total, minute) => total + of(minute), 0);
  const registrations = sum((minute) => minute.registrations);
  const moves = sum((minute) => minute.moves);
  const failures = sum((minute) => minute.failures);
  const said = `${count(registrations, 'registration')}, ${count(moves, 'move')}, ${count(failures, 'failure')} in the last hour`;
  return (
    <figure class="stack">
      <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said} preserveAspectRatio="none">
        <line x1="0" x2={WIDTH} y1={FLOOR} y2={FLOOR} />
        {minutes.map((minute) => {
          const x = ((Date.parse(minute.at) - firstMs) / MINUTE_MS) * STEP + 1;
          return x < 0 ? null : <Minute key={minute.at} minute={minute} x={x} most={most} />;
        })}
      </svg>
      <figcaption class="legend">
        <span>{count(registrations, 'registration')}</span>
        <span class="move">{count(moves, 'move')}</span>
        <span class="fail">{count(failures, 'failure')}</span>
        <small>
          from {hourAndMinute(new Date(firstMs).toISOString())}; the highest minute has {number(most)}
        </small>
      </figcaption>
    </figure>
  );
}

function Minute({ minute, x, most }: { readonly minute: MinuteCount; readonly x: number; readonly most: number }) {
  const scale = (FLOOR - 6) / most;
  const parts = [
    { name: 'bar-ok', devices: minute.registrations },
    { name: 'bar-move', devices: minute.moves + minute.failures },
    { name: 'bar-bad', devices: minute.failures },
  ];
  return (
    <g>
      {parts.map(({ name, devices }) =>
        devices === 0 ? null : (
          <rect key={name} class={name} x={x} width={STEP - 2} y={FLOOR - devices * scale} height={devices * scale} rx="1" />
        ),
      )}
    </g>
  );
}
