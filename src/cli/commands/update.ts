import { type RdtSchemas, update } from '../../container/update.ts';
import { within } from '../../errors.ts';
import { readFile } from '../../linux/file.ts';
import { log } from '../../log.ts';
import { parseDocument } from '../../spec/load.ts';
import { validateResources } from '../../spec/load-resources.ts';
import { containerOf, type Handler } from '../invocation.ts';
import type { Values } from '../table.ts';
import type { updateCommand } from '../table-cgroup.ts';
import { parseInteger, parseSize } from '../units.ts';

const STDIN = '/proc/self/fd/0';

type Parse = (option: string, text: string) => unknown;
type Options = Values<(typeof updateCommand)['options']>;

export const handler: Handler<typeof updateCommand> = (invocation) => {
  const { resources: file, ...flags } = invocation.options;
  for (const name of ['kernel-memory', 'kernel-memory-tcp'] as const) {
    if (flags[name] !== undefined) log.warning(`--${name} is ignored: no kernel of today has it`);
  }
  const document = file === undefined ? fromOptions(flags) : parseDocument(read(file), '--resources');
  const { 'l3-cache-schema': l3CacheSchema, 'mem-bw-schema': memBwSchema } = flags;
  const schemas = file === undefined ? dropUndefined({ l3CacheSchema, memBwSchema }) : {};
  update(containerOf(invocation), validateResources(document), schemas);
  return 0;
};

function dropUndefined(values: Record<string, string | undefined>): RdtSchemas {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function read(file: string): string {
  const field = '--resources';
  return within(field, () => readFile(file === '-' ? STDIN : file), { code: 'CONFIG_UNREADABLE', field });
}

/** Option → property of linux.resources, and how its text is read. */
const properties: readonly [option: keyof Options, group: string, property: string, parse: Parse][] = [
  ['memory', 'memory', 'limit', parseSize],
  ['memory-reservation', 'memory', 'reservation', parseSize],
  ['memory-swap', 'memory', 'swap', parseSize],
  ['cpu-share', 'cpu', 'shares', parseInteger],
  ['cpu-quota', 'cpu', 'quota', parseInteger],
  ['cpu-period', 'cpu', 'period', parseInteger],
  ['cpu-burst', 'cpu', 'burst', parseInteger],
  ['cpu-rt-period', 'cpu', 'realtimePeriod', parseInteger],
  ['cpu-rt-runtime', 'cpu', 'realtimeRuntime', parseInteger],
  ['cpu-idle', 'cpu', 'idle', parseInteger],
  ['cpuset-cpus', 'cpu', 'cpus', (_, text) => text],
  ['cpuset-mems', 'cpu', 'mems', (_, text) => text],
  ['pids-limit', 'pids', 'limit', parseInteger],
  ['blkio-weight', 'blockIO', 'weight', parseInteger],
];

/** The options in the form of linux.resources; what is not given is not there. */
export function fromOptions(options: Partial<Options>): object {
  const resources: Record<string, Record<string, unknown>> = {};
  for (const [option, group, property, parse] of properties) {
    const text = options[option];
    if (typeof text !== 'string') continue;
    resources[group] = { ...resources[group], [property]: parse(`--${option}`, text) };
  }
  return resources;
}
