import { ArgumentsCamelCase, InferredOptionTypes, Options } from 'yargs';
import { Service } from './connection/service';
import { ExitCode } from './exit-codes';
import { Io } from './io';
import { Printer } from './output/printer';

/** What a verb works with. The service is reached when it is first asked for something. */
export interface Context {
  readonly io: Io;
  readonly service: Service;
  readonly printer: Printer;
}

export type OptionSet = Readonly<Record<string, Options>>;
export type Values<Set extends OptionSet> = ArgumentsCamelCase<InferredOptionTypes<Set>>;

interface Described {
  /** The words and positional arguments, such as `why <registration-id>`. */
  readonly command: string;
  readonly summary: string;
  /** Command lines without the name of the program, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
}

/** One verb of the command line. */
export interface Verb extends Described {
  readonly options: OptionSet;
  run(values: Readonly<Record<string, unknown>>, context: Context): Promise<ExitCode | undefined>;
}

/** Verbs about one noun. */
export interface Noun {
  readonly command: string;
  readonly summary: string;
  readonly verbs: readonly Verb[];
}

interface Definition<Set extends OptionSet> extends Described {
  /** Positional arguments are among them, under their names. */
  readonly options: Set;
  /** `undefined` stands for exit code 0. */
  run(values: Values<Set>, context: Context): Promise<ExitCode | undefined> | Promise<void>;
}

/** Keeps the types of a verb's options for its `run`. */
export function verb<Set extends OptionSet>(definition: Definition<Set>): Verb {
  return {
    ...definition,
    run: async (values, context) => (await definition.run(values as Values<Set>, context)) ?? undefined,
  };
}

/** Names of the positional arguments in a command, in order. */
export function positionalsOf(command: string): readonly string[] {
  return [...command.matchAll(/[<[]([\w-]+)(?:\.\.)?[>\]]/g)].map(([, name = '']) => name);
}
