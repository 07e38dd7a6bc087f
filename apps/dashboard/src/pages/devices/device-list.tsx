import { useEffect, useRef, useState } from 'preact/hooks';
import type { Query } from '../../api/client';
import type { Device } from '../../api/types';
import { Card, ProblemNotice, StatusBadge } from '../../components/parts';
import { href } from '../../state/router';
import { deviceEvents, useFeed, useSettled } from '../../state/use-feed';
import { usePages } from '../../state/use-pages';
import { useVirtual } from '../../state/use-virtual';
import { ago, count } from '../../state/words';

/** About two screens; further ones come when somebody scrolls there. */
const PAGE_DEVICES = 60;
const AHEAD_ROWS = 20;
const ROW_PX = 44;
const NARROW_ROW_PX = 60;
const NARROW = '(max-width: 760px)';
const RELOAD_AFTER_MS = 1_500;

/** As many devices as somebody looks at, of however many there are. */
export function DeviceList({ filters }: { readonly filters: Query }) {
  const scroller = useRef<HTMLDivElement>(null);
  const devices = usePages<Device>('/devices', filters, PAGE_DEVICES);
  const rowPx = useRowHeight();
  const { rows, heightPx } = useVirtual(scroller, devices.items.length, rowPx);
  const { items, cursor, problem, isLoading } = devices;
  const last = rows.at(-1)?.index ?? 0;

  useEffect(() => {
    if (last + AHEAD_ROWS >= items.length) devices.more();
  }, [last, items.length, isLoading]);
  // Whoever has scrolled on keeps the list that is read; at its beginning it follows what happens.
  const reloadSoon = useSettled(() => {
    if (items.length <= PAGE_DEVICES && (scroller.current?.scrollTop ?? 0) === 0) devices.reload();
  }, RELOAD_AFTER_MS);
  useFeed(deviceEvents, reloadSoon, reloadSoon);

  const isAll = cursor === null;
  return (
    <>
      <ProblemNotice problem={problem} />
      <Card title="Devices" flush>
        <div role="table" aria-label="Devices" aria-rowcount={isAll ? items.length : -1} aria-busy={isLoading}>
          <div class="device-row head-row" role="row">
            {['Registration', 'Status', 'Hub', 'Policy', 'Enrollment', 'Changed'].map((title) => (
              <span key={title} role="columnheader">
                {title}
              </span>
            ))}
          </div>
          <div class="virtual" ref={scroller} tabIndex={0} role="rowgroup" aria-label="Rows">
            <div style={{ height: `${heightPx}px` }} role="presentation">
              {rows.map(({ index, start }) => {
                const device = items[index];
                return device === undefined ? null : (
                  <Row key={device.registrationId} device={device} start={start} index={index} />
                );
              })}
            </div>
            {items.length === 0 && isAll ? <p class="empty">No device is like this.</p> : null}
          </div>
        </div>
      </Card>
      <p class="hint" role="status">
        {isAll
          ? count(items.length, 'device')
          : isLoading && items.length === 0
            ? 'Loading…'
            : `The first ${items.length}; scroll for more`}
      </p>
    </>
  );
}

function Row({ device, start, index }: { readonly device: Device; readonly start: number; readonly index: number }) {
  const { registrationId, status, assignedHub, targetHub, policy, enrollment, updatedAt } = device;
  const place = targetHub === null || targetHub === assignedHub ? (assignedHub ?? '–') : `${assignedHub ?? 'new'} → ${targetHub}`;
  return (
    <div
      class="device-row placed"
      role="row"
      aria-rowindex={index + 2}
      data-device={registrationId}
      style={{ transform: `translateY(${start}px)` }}
    >
      <span role="cell">
        <a href={href('devices', registrationId)}>{registrationId}</a>
      </span>
      <span role="cell">
        <StatusBadge status={status} />
      </span>
      <span role="cell">{place}</span>
      <span role="cell">{policy ?? '–'}</span>
      <span role="cell">{enrollment?.kind === 'group' ? enrollment.id : 'individual'}</span>
      <span role="cell" title={updatedAt}>
        {ago(updatedAt)}
      </span>
    </div>
  );
}

function useRowHeight(): number {
  const [isNarrow, setNarrow] = useState(() => window.matchMedia(NARROW).matches);
  useEffect(() => {
    const media = window.matchMedia(NARROW);
    const changed = (): void => setNarrow(media.matches);
    media.addEventListener('change', changed);
    return () => media.removeEventListener('change', changed);
  }, []);
  return isNarrow ? NARROW_ROW_PX : ROW_PX;
}
