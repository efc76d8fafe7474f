/**
 * The executable: init, before anything else is done, or a command. `#init` is init/main.ts, which is built as a file of its own
 * with all that it needs (package.json, test/scripts/build.mjs): neither of the two loads the other's part.
 */
const [, , command, ...rest] = process.argv;

if (command === 'init' && rest.length > 0) void import('#init').then(({ main }) => main(rest));
else void import('./cli/main.ts').then(({ runProgram }) => runProgram(process.argv.slice(2)));
