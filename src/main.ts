import { main } from './cli/main.ts';
import { main as initMain } from './init/main.ts';
import { exitNow } from './linux/exec.ts';

/** The executable: init, before anything else is done, or a command. */
const [, , command, ...rest] = process.argv;

if (command === 'init' && rest.length > 0) initMain(rest);
main(process.argv.slice(2)).then(exitNow);
