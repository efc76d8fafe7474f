import { Memory } from './memory.ts';
import { syscall } from './syscall.ts';

/** Capabilities in the order of their numbers. Source: include/uapi/linux/capability.h. */
const names = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
];

/** All that have a name here, in the order of their numbers. */
export function capabilityNames(): string[] {
  return names.map((name) => `CAP_${name}`);
}

/** The number of a capability such as `CAP_SYS_ADMIN`; undefined when it is unknown. */
export function capabilityNumber(name: string): number | undefined {
  const index = name.startsWith('CAP_') ? names.indexOf(name.slice(4)) : -1;
  return index < 0 ? undefined : index;
}

export interface CapabilityMasks {
  effective: bigint;
  permitted: bigint;
  inheritable: bigint;
}

const VERSION_3 = 0x20080522;
const WORD = 32n;
const LOW = 0xffffffffn;

/** The three sets of the calling thread. */
export function getCapabilities(): CapabilityMasks {
  const header = new Uint32Array([VERSION_3, 0]);
  const data = new Uint32Array(6);
  syscall('capget', new Uint8Array(header.buffer), new Uint8Array(data.buffer));
  const set = (low: number): bigint => BigInt(data[low] ?? 0) | (BigInt(data[low + 3] ?? 0) << WORD);
  return { effective: set(0), permitted: set(1), inheritable: set(2) };
}

/** As capset(2) takes them: struct __user_cap_header_struct, and twice struct __user_cap_data_struct. */
function encode({
  effective,
  permitted,
  inheritable,
}: CapabilityMasks): [header: Uint8Array, data: Uint8Array] {
  const sets = [effective, permitted, inheritable];
  const words = [...sets.map((mask) => mask & LOW), ...sets.map((mask) => mask >> WORD)];
  return [
    new Uint8Array(new Uint32Array([VERSION_3, 0]).buffer),
    new Uint8Array(new Uint32Array(words.map(Number)).buffer),
  ];
}

/** Sets the three sets of the calling thread (bit n for capability n). */
export function setCapabilities(masks: CapabilityMasks): void {
  syscall('capset', ...encode(masks));
}

/** The arguments of capset(2) that sets them, in memory that stays. */
export function layOutCapset(masks: CapabilityMasks): [header: number, data: number] {
  const memory = new Memory(128);
  const [header, data] = encode(masks);
  const addresses: [number, number] = [memory.take(header.length), memory.take(data.length)];
  memory.put(addresses[0], header);
  memory.put(addresses[1], data);
  return addresses;
}
