import { shortCommands } from './cli/short-names.ts';

/**
 * The executable: init, before anything else is done, or a command. `#init` and `#short` are init/main.ts and cli/short.ts, which are
 * built as files of their own with all that they need (package.json, test/scripts/build.mjs): each part loads itself alone.
 */
const [, , ...argv] = process.argv;
const [first, ...rest] = argv;

if (first === 'init' && rest.length > 0) void import('#init').then(({ main }) => main(rest));
// A word that is something else costs time only.
else if (shortCommands.some((name) => argv.includes(name)))
  void import('#short').then(({ runProgram }) => runProgram(argv));
else void import('#commands').then(({ runProgram }) => runProgram(argv));
