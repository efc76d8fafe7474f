import { RuntimeError } from '../errors.ts';
import { show } from './explain.ts';

/*
 * What `--security-opt seccomp=FILE` of Docker and Podman reads: a profile that says of its rules for which architectures,
 * capabilities and kernels they are. The engine writes what remains into config.json. Source: profiles/seccomp/ of
 * moby, pkg/seccomp/ of containers/common.
 */

/** What an engine knows of a container when it reads the profile. */
export interface Situation {
  /** As Go names it, such as `amd64`. */
  architecture: string;
  /** As a profile names it. */
  seccompArchitecture: string;
  /** The bounding set. */
  capabilities: readonly string[];
  /** Release of the kernel. */
  kernel: string;
}

export interface EngineProfile {
  /** In the form of linux.seccomp, with all of its rules; not validated. */
  profile: Record<string, unknown>;
  /** Whether each rule is for this situation. */
  applies: readonly boolean[];
}

type Conditions = Record<'caps' | 'arches' | 'minKernel', unknown>;
type Properties = Record<string, unknown>;

const RULE_PROPERTIES = ['name', 'comment', 'includes', 'excludes', 'errno'];
const PROPERTIES = ['archMap', 'defaultErrno'];

const isObject = (value: unknown): value is Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const rulesOf = ({ syscalls }: Properties): unknown[] => (Array.isArray(syscalls) ? syscalls : []);

/** Whether a profile has anything that only engines understand. */
export function isEngineProfile(profile: unknown): boolean {
  if (!isObject(profile)) return false;
  const has = (names: string[]) => (value: unknown) => isObject(value) && names.some((name) => name in value);
  return has(PROPERTIES)(profile) || rulesOf(profile).some(has(RULE_PROPERTIES));
}

/** What an engine makes of its profile. What is wrong in the parts that only engines have is an error (`SECCOMP_INVALID`). */
export function readEngineProfile(document: unknown, situation: Situation): EngineProfile {
  if (!isObject(document)) return { profile: document as Properties, applies: [] };
  const { archMap, defaultErrno, syscalls, ...rest } = withoutNulls(document);
  const rules = rulesOf(document).map((rule, index) => readRule(rule, `syscalls[${index}]`, situation));
  return {
    profile: {
      ...rest,
      ...architectures(archMap, rest.architectures, situation),
      ...errno('defaultErrno', 'defaultErrnoRet', defaultErrno),
      ...(syscalls === undefined ? {} : { syscalls: rules.map(({ rule }) => rule) }),
    },
    applies: rules.map(({ applies }) => applies),
  };
}

/** Go reads null as nothing. */
function withoutNulls(object: Properties): Properties {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function architectures(map: unknown, list: unknown, { seccompArchitecture }: Situation): Properties {
  if (!Array.isArray(map) || map.length === 0) return {};
  if (Array.isArray(list) && list.length > 0) throw wrong('archMap', 'must not be beside architectures');
  const entry = map.filter(isObject).find(({ architecture }) => architecture === seccompArchitecture);
  if (entry === undefined) return {};
  return { architectures: [seccompArchitecture, ...((entry.subArchitectures as unknown[] | null) ?? [])] };
}

function errno(field: string, property: string, name: unknown): Properties {
  if (name === undefined || name === '') return {};
  const { constants } = process.getBuiltinModule('node:os');
  const number = (constants.errno as Record<string, number>)[String(name)];
  if (number === undefined) throw wrong(field, `must be the name of an errno, found ${show(name)}`);
  return { [property]: number };
}

function readRule(
  document: unknown,
  field: string,
  situation: Situation,
): { rule: unknown; applies: boolean } {
  if (!isObject(document)) return { rule: document, applies: true };
  const { name, comment: _, includes, excludes, errno: errnoName, args, ...rest } = withoutNulls(document);
  const names = Array.isArray(rest.names) ? rest.names : [];
  if (name && names.length > 0) throw wrong(`${field}.name`, 'must not be beside names');
  const included = conditions(includes, `${field}.includes`);
  const excluded = conditions(excludes, `${field}.excludes`);
  const { architecture, capabilities, kernel } = situation;
  const has = (capability: string): boolean => capabilities.includes(capability);
  return {
    rule: {
      ...rest,
      ...(name ? { names: [name] } : {}),
      ...(Array.isArray(args) ? { args: args.map((arg) => (isObject(arg) ? withoutNulls(arg) : arg)) } : {}),
      ...errno(`${field}.errno`, 'errnoRet', errnoName),
    },
    applies:
      (included.arches.length === 0 || included.arches.includes(architecture)) &&
      included.caps.every(has) &&
      (included.minKernel === undefined || isAtLeast(kernel, included.minKernel)) &&
      !excluded.arches.includes(architecture) &&
      !excluded.caps.some(has) &&
      (excluded.minKernel === undefined || !isAtLeast(kernel, excluded.minKernel)),
  };
}

function conditions(value: unknown, field: string): { caps: string[]; arches: string[]; minKernel?: string } {
  if (value === undefined) return { caps: [], arches: [] };
  if (!isObject(value)) throw wrong(field, `must be an object, found ${show(value)}`);
  const { caps, arches, minKernel } = withoutNulls(value) as Partial<Conditions>;
  const list = (name: string, items: unknown = []): string[] => {
    const good = Array.isArray(items) && items.every((item) => typeof item === 'string');
    if (!good) throw wrong(`${field}.${name}`, `must be a list of strings, found ${show(items)}`);
    return items;
  };
  const version = minKernel === undefined || minKernel === '' ? {} : { minKernel: String(minKernel) };
  if (version.minKernel !== undefined && !/^\d+\.\d+$/.test(version.minKernel))
    throw wrong(`${field}.minKernel`, `must be a version such as "4.8", found ${show(minKernel)}`);
  return { caps: list('caps', caps), arches: list('arches', arches), ...version };
}

/** By the first two numbers of a release. */
function isAtLeast(release: string, version: string): boolean {
  const [major = 0, minor = 0] = release.split(/[^\d]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = version.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function wrong(field: string, message: string): RuntimeError {
  return new RuntimeError(`seccomp profile: ${field}: ${message}`, { code: 'SECCOMP_INVALID', field });
}
