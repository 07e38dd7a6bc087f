import { Io, isColoured } from '../io';
import { Column, details, table } from './table';

export const outputFormats = ['table', 'json'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Writes answers to standard output: tables for people, JSON for programs. */
export class Printer {
  private readonly coloured: boolean;

  constructor(
    private readonly io: Io,
    readonly format: OutputFormat,
  ) {
    this.coloured = isColoured(io.stdout, io.env);
  }

  /** A list: an array in JSON. */
  list<Item>(columns: readonly Column<Item>[], items: readonly Item[]): void {
    if (this.format === 'json') this.json(items);
    else if (items.length === 0) this.note('nothing found');
    else this.line(table(columns, items, this.coloured));
  }

  /** One thing with all its members. */
  one(value: unknown): void {
    if (this.format === 'json' || typeof value !== 'object' || value === null) this.json(value ?? null);
    else this.line(details(value, this.coloured));
  }

  /** Text for people, the whole value for programs. */
  text(text: string, value: unknown): void {
    if (this.format === 'json') this.json(value);
    else this.line(text);
  }

  json(value: unknown): void {
    this.line(JSON.stringify(value, null, 2));
  }

  line(text: string): void {
    this.io.stdout.write(`${text}\n`);
  }

  /** A remark on standard error, for people alone. */
  note(text: string): void {
    if (this.format === 'table') this.io.stderr.write(`${text}\n`);
  }
}
