import { useEffect, useRef, useState } from 'preact/hooks';
import { read, withQuery } from '../../api/client';
import { LinkedHub, deviceStatuses } from '../../api/types';
import { SelectField, TextField } from '../../components/fields';
import { Card, Head } from '../../components/parts';
import { go, href } from '../../state/router';
import { usePaced } from '../../state/use-paced';
import { useResource } from '../../state/use-resource';
import { useTitle } from '../../state/use-title';
import { DeviceList } from './device-list';

/** A search takes a few milliseconds, so it follows the keys; more answers a second nobody could read. */
const SEARCH_EVERY_MS = 50;
const filterNames = ['idPrefix', 'status', 'hub', 'policy', 'enrollmentId', 'enrollmentGroupId'] as const;
type Filters = Record<(typeof filterNames)[number], string>;

const ID_PREFIX = /^[a-z0-9][a-z0-9._:-]{0,127}$/i;
const any = { value: '', label: 'Any' };
const policies = ['migrate', 'reset', 'never', 'sticky'];

function filtersIn(query: URLSearchParams): Filters {
  return Object.fromEntries(filterNames.map((name) => [name, query.get(name) ?? ''])) as Filters;
}

const isWrong = (idPrefix: string): boolean => idPrefix !== '' && !ID_PREFIX.test(idPrefix);

/** The address holds the filters, so that a list can be sent to somebody and comes back with the back button. */
export function DevicesPage({ query }: { readonly query: URLSearchParams }) {
  useTitle('Devices');
  const filters = filtersIn(query);
  const [search, setSearch] = useState(filters.idPrefix);
  const hubs = useResource('linked-hubs', (signal) => read<{ items: readonly LinkedHub[] }>('/linked-hubs', signal));
  const wrong = isWrong(search) ? 'Ids have letters, digits and - . _ : only.' : undefined;

  const change = (changes: Partial<Filters>): void => {
    go(withQuery(href('devices'), { ...filters, ...changes }), { replace: true });
  };
  const searched = useRef(filters.idPrefix);
  const searching = usePaced((idPrefix: string) => {
    searched.current = idPrefix;
    change({ idPrefix });
  }, SEARCH_EVERY_MS);
  const typed = (text: string): void => {
    setSearch(text);
    if (isWrong(text)) searching.cancel();
    else searching.push(text);
  };
  useEffect(() => {
    // Keys may have come since what was searched was put into the address; only what came there otherwise goes before them.
    const { idPrefix } = filtersIn(new URLSearchParams(window.location.search));
    if (idPrefix === searched.current) return;
    searching.cancel();
    searched.current = idPrefix;
    setSearch(idPrefix);
  }, [filters.idPrefix]);

  const names = hubs.value?.items.map(({ name }) => name) ?? [];
  const hubOptions = [...new Set([...names, ...(filters.hub === '' ? [] : [filters.hub])])];
  const entry = filters.enrollmentGroupId || filters.enrollmentId;
  return (
    <>
      <Head title="Devices" />
      <Card title="Filters">
        <div class="filters" role="search">
          <TextField label="Id begins with" type="search" value={search} onChange={typed} wrong={wrong} autoFocus />
          <SelectField
            label="Status"
            value={filters.status}
            options={[any, ...deviceStatuses.map((value) => ({ value, label: value }))]}
            onChange={(status) => change({ status })}
          />
          <SelectField
            label="Hub"
            value={filters.hub}
            options={[any, ...hubOptions.map((value) => ({ value, label: value }))]}
            onChange={(hub) => change({ hub })}
          />
          <SelectField
            label="Policy"
            value={filters.policy}
            options={[any, ...policies.map((value) => ({ value, label: value }))]}
            onChange={(policy) => change({ policy })}
          />
        </div>
        {entry === '' ? null : (
          <p class="row">
            <span>
              Registered by <strong>{entry}</strong>
            </span>
            <button type="button" class="plain" onClick={() => change({ enrollmentId: '', enrollmentGroupId: '' })}>
              Show all
            </button>
          </p>
        )}
      </Card>
      <DeviceList filters={filters} />
    </>
  );
}
