import { checkpoint } from '../../container/checkpoint.ts';
import { RuntimeError } from '../../errors.ts';
import { criuFlags } from '../criu-options.ts';
import { containerOf, type Handler } from '../invocation.ts';
import type { checkpointCommand } from '../table-checkpoint.ts';

export const handler: Handler<typeof checkpointCommand> = (invocation) => {
  const { options } = invocation;
  checkpoint({
    ...containerOf(invocation),
    ...criuFlags(options),
    environment: process.env,
    parentPath: options['parent-path'],
    leaveRunning: options['leave-running'],
    preDump: options['pre-dump'],
    tcpSkipInFlight: options['tcp-skip-in-flight'],
    linkRemap: options['link-remap'],
    pageServer: readPageServer(options['page-server']),
    statusFd: readDescriptor(options['status-fd']),
  });
  return 0;
};

const MAX_PORT = 65535;

/** `10.0.0.1:27`, `host:27`, `[::1]:27`. */
export function readPageServer(text: string | undefined): { address: string; port: number } | undefined {
  if (text === undefined) return undefined;
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const [address, port] = [bracketed ?? plain, Number(digits)];
  if (address !== undefined && port > 0 && port <= MAX_PORT) return { address, port };
  throw invalid('--page-server', text, 'must be ADDRESS:PORT');
}

/** Nothing for -1, by which callers say that they have none. */
function readDescriptor(text: string | undefined): number | undefined {
  if (text === undefined || text === '-1') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalid('--status-fd', text, 'must be the number of a descriptor');
}

function invalid(field: string, text: string, rule: string): RuntimeError {
  return new RuntimeError(`${field}: ${rule}, found ${JSON.stringify(text)}`, { code: 'USAGE', field });
}
