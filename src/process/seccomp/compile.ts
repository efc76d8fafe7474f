// Runs on the host.
import { RuntimeError, within } from '../../errors.ts';
import {
  architectureToken,
  libseccompVersion,
  nativeArchitecture,
  numberOn,
  SeccompFilter,
} from '../../linux/libseccomp.ts';
import { encodeFilter, INSTRUCTION_SIZE, MAX_INSTRUCTIONS } from '../../linux/seccomp.ts';
import { log } from '../../log.ts';
import { enosysStub, type LastSyscall, needsEnosys } from './enosys.ts';
import { letsExecute, type SeccompPlan } from './plan.ts';

const FIELD = 'linux.seccomp';

/** Has libseccomp make a BPF program of a profile; returns its bytes. */
export function compileSeccomp(plan: SeccompPlan): Uint8Array {
  if (!letsExecute(plan)) {
    const hint = 'add a rule that allows execve';
    throw new RuntimeError(`${FIELD}: lets no program start`, { ...details(FIELD), hint });
  }
  const field = `${FIELD}.defaultAction`;
  using filter = within(field, () => new SeccompFilter(plan.defaultAction), details(field));
  for (const name of plan.architectures) addArchitecture(filter, name);
  if (plan.sorted && !filter.sort()) log.debug(`${FIELD}: libseccomp is too old for a fast filter`);
  for (const { field, syscall, action, comparisons } of plan.rules) {
    const add = (): boolean => filter.addRule(syscall, action, comparisons);
    const known = within(`${field}: ${syscall}`, add, details(field));
    if (!known) log.debug(`${field}: unknown system call ${JSON.stringify(syscall)}, left out`);
  }
  const program = within(FIELD, () => filter.compile(), details(FIELD));
  const stub = needsEnosys(plan.defaultAction) ? encodeFilter(enosysStub(lastSyscalls(plan))) : [];
  const whole = new Uint8Array(stub.length + program.length);
  whole.set(stub);
  whole.set(program, stub.length);
  const count = whole.length / INSTRUCTION_SIZE;
  if (count <= MAX_INSTRUCTIONS) return whole;
  throw new RuntimeError(`${FIELD}: has ${count} BPF instructions, the kernel takes ${MAX_INSTRUCTIONS}`, {
    ...details(FIELD),
    hint: 'leave out rules or architectures',
  });
}

const details = (field: string) => ({ code: 'SECCOMP_INVALID', field }) as const;

function addArchitecture(filter: SeccompFilter, name: string): void {
  const field = `${FIELD}.architectures`;
  const token = architectureToken(name);
  if (token === 0)
    throw new RuntimeError(
      `${field}: libseccomp ${libseccompVersion()} does not know ${name}`,
      details(field),
    );
  within(`${field}: add ${name}`, () => filter.addArchitecture(token), details(field));
}

/** The native architecture counts even if the profile does not name it. */
function lastSyscalls({ architectures, names }: SeccompPlan): LastSyscall[] {
  const native = nativeArchitecture();
  const nameOfNative = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return [...new Set([...architectures, nameOfNative])].flatMap((name) => {
    const token = name === nameOfNative ? native : architectureToken(name);
    const number = Math.max(...names.map((syscall) => numberOn(token, syscall)), 0);
    return number > 0 ? [{ name, token, number }] : [];
  });
}
