import { spawnSync } from 'node:child_process';
import { ps } from '../../container/ps.ts';
import { RuntimeError } from '../../errors.ts';
import { containerOf, type Handler } from '../invocation.ts';
import { print } from '../output.ts';
import type { psCommand } from '../table-cgroup.ts';

export const handler: Handler<typeof psCommand> = (invocation) => {
  const pids = ps(containerOf(invocation));
  if (invocation.options.format === 'json') {
    // `null` for none is what callers know from runc.
    print(`${JSON.stringify(pids.length === 0 ? null : pids)}\n`);
    return 0;
  }
  const [, ...asked] = invocation.positionals;
  const args = asked.length === 1 ? (asked[0] as string).split(' ') : asked;
  print(ownLines(runPs(args.length === 0 ? ['-ef'] : args), pids));
  return 0;
};

// A host has more processes than fit the engines' own limit of 1 MiB.
const MAX_OUTPUT = 1 << 30;

/** The output of the host's ps(1). Callers give its options in one argument or in several. */
function runPs(args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('ps', args, {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT,
  });
  // 1 without a word: the options choose none of this host's processes.
  if (status === 0 || (status === 1 && stderr === '')) return stdout;
  const reason = error === undefined ? stderr.trim().split('\n')[0] : error.message;
  throw new RuntimeError(`ps ${args.join(' ')}: ${reason}`, {
    code: 'PS_FAILED',
    hint: error === undefined ? undefined : 'install procps, or use --format json',
  });
}

/** The heading, and the lines with these pids in its column PID. */
export function ownLines(output: string, pids: readonly number[]): string {
  const [heading = '', ...lines] = output.trimEnd().split('\n');
  const column = heading.trim().split(/\s+/).indexOf('PID');
  if (column < 0) {
    throw new RuntimeError("couldn't find PID field in ps output", {
      code: 'PS_FAILED',
      hint: 'ask for it: -o pid,…',
    });
  }
  const own = lines.filter((line) => pids.includes(Number(line.trim().split(/\s+/)[column])));
  return `${[heading, ...own].join('\n')}\n`;
}
