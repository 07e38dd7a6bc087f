import { Column } from './table';

/** Columns by heading, each with the path of a member such as `actor.name`. */
export function columns(paths: Readonly<Record<string, string>>): readonly Column<unknown>[] {
  return Object.entries(paths).map(([heading, path]) => [heading, (item) => memberAt(item, path)] as const);
}

export function memberAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((found, name) => (found as Readonly<Record<string, unknown>> | null | undefined)?.[name], value);
}
