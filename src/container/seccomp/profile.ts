import { RuntimeError } from '../../errors.ts';
import { readFile } from '../../linux/file.ts';
import { isDirectory, statusAt } from '../../linux/stat.ts';
import { kernelRelease } from '../../linux/uname.ts';
import { isEngineProfile, readEngineProfile } from '../../spec/engine-profile.ts';
import { type ExactSeccomp, exactSeccomp } from '../../spec/exact.ts';
import { parseDocument } from '../../spec/load.ts';
import { validateSeccomp } from '../../spec/load-seccomp.ts';

/** A profile that somebody asks about. */
export interface SeccompProfile {
  /** What it was found in. */
  file: string;
  format: 'config.json' | 'profile' | 'engine';
  /** What is in force in a container: of an engine's profile the rules that are for it. */
  seccomp: ExactSeccomp;
  /** The place that each rule in force has in the file. */
  places: readonly string[];
  /** Whether config.json has what only engines understand. */
  misplaced: boolean;
  /** The capabilities that a profile of an engine was read for. */
  capabilities: readonly string[] | undefined;
}

/** What Docker gives a container by default. Source: oci/caps/defaults.go of moby. */
const DEFAULT_CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
].map((name) => `CAP_${name}`);

const ARCHITECTURE =
  process.arch === 'arm64'
    ? { architecture: 'arm64', seccompArchitecture: 'SCMP_ARCH_AARCH64' }
    : { architecture: 'amd64', seccompArchitecture: 'SCMP_ARCH_X86_64' };

/**
 * Reads a profile: a file that has linux.seccomp by itself, a config.json, the directory of one, or what Docker and Podman
 * take. `added` are capabilities beside Docker's default ones.
 */
export function readSeccompProfile(path: string, added: readonly string[]): SeccompProfile {
  const file = isDirectory(statusAt(path)) ? `${path}/config.json` : path;
  const text = readFile(file);
  const capabilities = [...new Set([...DEFAULT_CAPABILITIES, ...added.map(fullName)])].sort();
  const document = parseDocument(text, file);
  const format = formatOf(document);
  const name = format === 'config.json' ? `${file}: linux.seccomp` : file;
  const given = format === 'config.json' ? inConfig(document, file) : document;
  const situation = { ...ARCHITECTURE, capabilities, kernel: kernelRelease() };
  const find = (whole: unknown): unknown => {
    if (format === 'config.json') return inConfig(whole, file);
    return format === 'engine' ? readEngineProfile(whole, situation).profile : whole;
  };
  const all = exactSeccomp(validateSeccomp(find(document), name), text, find) as ExactSeccomp;
  const applies = format === 'engine' ? readEngineProfile(document, situation).applies : undefined;
  const isInForce = (_: unknown, index: number): boolean => applies?.[index] ?? true;
  const prefix = format === 'config.json' ? 'linux.seccomp.' : '';
  const places = (all.syscalls ?? []).map((_, index) => `${prefix}syscalls[${index}]`);
  return {
    file,
    format,
    seccomp: { ...all, syscalls: (all.syscalls ?? []).filter(isInForce) },
    places: places.filter(isInForce),
    misplaced: format !== 'engine' && isEngineProfile(given),
    capabilities: format === 'engine' ? capabilities : undefined,
  };
}

function formatOf(document: unknown): SeccompProfile['format'] {
  const isConfig = typeof document === 'object' && document !== null && 'ociVersion' in document;
  if (isConfig) return 'config.json';
  return isEngineProfile(document) ? 'engine' : 'profile';
}

function inConfig(document: unknown, file: string): unknown {
  const { linux } = document as { linux?: { seccomp?: unknown } };
  if (linux?.seccomp !== undefined) return linux.seccomp;
  throw new RuntimeError(`${file}: has no linux.seccomp: nothing is filtered`, {
    code: 'SECCOMP_INVALID',
    field: 'linux.seccomp',
  });
}

function fullName(capability: string): string {
  const name = capability.toUpperCase();
  return name.startsWith('CAP_') ? name : `CAP_${name}`;
}
