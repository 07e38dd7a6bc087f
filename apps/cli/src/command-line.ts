import yargs, { Argv, Options } from 'yargs';
import { nouns, topVerbs } from './commands';
import { connectionSettings } from './connection/settings';
import { Service } from './connection/service';
import { CommandFailed, exitCode, usageError } from './exit-codes';
import { Io, complain } from './io';
import { OutputFormat, Printer } from './output/printer';
import { globalOptions } from './global-options';
import { Context, Noun, Verb, positionalsOf } from './verb';

export const PROGRAM = 'rehome';
const WIDTH_MAX = 110;
const WIDTH_DEFAULT = 100;

/** Runs one command line without the program's name; resolves with the exit code (`exit-codes.ts`), never rejects. */
export async function runCommandLine(args: readonly string[], io: Io): Promise<number> {
  let code: number = exitCode.ok;
  const run = async (verb: Verb, values: Readonly<Record<string, unknown>>): Promise<void> => {
    code = (await runVerb(verb, values, io)) ?? exitCode.ok;
  };
  try {
    const output = await parsed(commandLine(run, io.stdout.columns), args);
    if (output !== '') io.stdout.write(`${output}\n`);
    return code;
  } catch (error) {
    if (!(error instanceof CommandFailed)) {
      complain(io, error instanceof Error ? error.message : String(error));
      return exitCode.refused;
    }
    complain(io, error.message);
    return error.code;
  }
}

type Run = (verb: Verb, values: Readonly<Record<string, unknown>>) => Promise<void>;

/** All verbs as one yargs instance; `run` is called for the verb that is chosen. */
export function commandLine(run: Run, columns = WIDTH_DEFAULT): Argv {
  let parser: Argv = yargs()
    .scriptName(PROGRAM)
    .usage('$0 <noun> <verb> [options]')
    .parserConfiguration({ 'duplicate-arguments-array': true, 'parse-numbers': false, 'parse-positional-numbers': false })
    .options(globalOptions)
    .epilogue(`Exit codes: 0 done, 1 the answer is "no", 2 wrong usage, 3 the service cannot be reached or refused.`)
    .wrap(Math.min(columns, WIDTH_MAX))
    .completion('completion', 'Print the script that completes commands: `source <(rehome completion)`')
    .help()
    .alias('help', 'h')
    .version(false)
    .exitProcess(false)
    .recommendCommands()
    .strict()
    .demandCommand(1, 'say what to do, for example `rehome enrollment list`; `rehome --help` lists everything')
    .fail(failed);
  for (const noun of nouns) parser = withNoun(parser, noun, run);
  for (const verb of topVerbs) parser = withVerb(parser, verb, run);
  return parser;
}

function withNoun(parser: Argv, noun: Noun, run: Run): Argv {
  return parser.command(noun.command, noun.summary, (inner) =>
    noun.verbs
      .reduce((grown, verb) => withVerb(grown, verb, run), inner)
      .recommendCommands()
      .demandCommand(1, `say which verb; \`rehome ${noun.command} --help\` lists them`),
  );
}

function withVerb(parser: Argv, verb: Verb, run: Run): Argv {
  const positionals = positionalsOf(verb.command);
  const options = Object.entries(verb.options);
  return parser.command(
    verb.command,
    verb.summary,
    (inner) => {
      let built: Argv = inner.options(Object.fromEntries(options.filter(([name]) => !positionals.includes(name))));
      for (const [name, option] of options) {
        if (positionals.includes(name)) built = built.positional(name, { ...option, demandOption: false } as never);
      }
      return verb.examples.reduce((grown, [line, what]) => grown.example(`$0 ${line}`, what), built);
    },
    (values) => run(verb, values),
  );
}

/** yargs tells of wrong usage by a message, and of what a verb has thrown by the error. */
function failed(message: string | null, error: Error | undefined): never {
  if (error instanceof CommandFailed || (error !== undefined && error.name !== 'YError')) throw error;
  throw new CommandFailed(message ?? error?.message ?? 'that is not understood', exitCode.usage);
}

/** Resolves with what yargs itself has to say: help or a completion. */
function parsed(parser: Argv, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const done = Promise.resolve(
      parser.parse([...args], {}, (error: Error | undefined | null, _values: unknown, output: string) => {
        said = output;
        if (error !== undefined && error !== null) reject(error);
      }),
    );
    done.then(() => resolve(said), reject);
  });
}

async function runVerb(verb: Verb, values: Readonly<Record<string, unknown>>, io: Io): Promise<number | undefined> {
  for (const [name, { type }] of Object.entries<Options>({ ...globalOptions, ...verb.options })) {
    if (type !== 'array' && Array.isArray(values[name])) throw usageError(`--${name} is given more than once`);
  }
  let service: Service | undefined;
  const context: Context = {
    io,
    printer: new Printer(io, values.output as OutputFormat),
    // Some verbs work without one, so that it need not be known where it is.
    get service() {
      return (service ??= new Service(connectionSettings(values, io.env), io.signal));
    },
  };
  try {
    return await verb.run(values, context);
  } finally {
    service?.close();
  }
}
