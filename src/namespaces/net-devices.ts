// Runs on the host.
import { type ErrorDetails, RuntimeError, within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { inNamespace, namespaceId, openNamespace } from '../linux/namespace.ts';
import { openNetlink } from '../linux/netlink.ts';
import {
  type Address,
  addAddress,
  addressesOf,
  findLink,
  IFA_F_PERMANENT,
  type Link,
  type Move,
  moveLink,
  RT_SCOPE_UNIVERSE,
  setLinkUp,
} from '../linux/network-interface.ts';
import { log } from '../log.ts';
import type { NetDevice } from '../spec/config.ts';
import { child } from '../spec/explain.ts';

type Devices = Readonly<Record<string, NetDevice>>;

/** One entry of linux.netDevices: a device of the host and its name in the container, which may hold `%d`. */
interface Entry {
  field: string;
  link: Link;
  name: string;
}

/** A device that has left the host: its addresses there, and its index in the container. */
interface Moved extends Entry {
  addresses: readonly Address[];
  index: number;
}

const FIELD = 'linux.netDevices';
const OWN = '/proc/thread-self/ns/net';

/** Moves linux.netDevices, of which there is one at least, into the network namespace of a process. */
export function moveNetDevices(devices: Devices, pid: number): NetDevices {
  const path = `/proc/${pid}/ns/net`;
  if (namespaceId(path) === namespaceId(OWN)) {
    const [first = ''] = Object.keys(devices);
    throw failure(fieldOf(first), 'the container is in the network namespace of the host');
  }
  const moving = new NetDevices(path);
  try {
    moving.bringIn(devices);
    return moving;
  } catch (error) {
    moving[Symbol.dispose]();
    throw error;
  }
}

/**
 * linux.netDevices in their container. Those that are not kept go back to the host when this is disposed of:
 * by themselves, when their namespace ends, only physical devices do.
 */
export class NetDevices implements Disposable {
  // Both sockets keep their namespace alive, so that devices can be brought back from a container that has ended.
  readonly #host = openNetlink();
  readonly #namespace: Fd;
  readonly #inside: Fd;
  #moved: Moved[] = [];

  constructor(path: string) {
    const details = {
      code: 'NET_DEVICE',
      field: FIELD,
      hint: 'devices are moved by CAP_NET_ADMIN of the host',
    } as const;
    this.#namespace = openNamespace(path);
    this.#inside = within(FIELD, () => this.#in(openNetlink), details);
  }

  #in<T>(action: () => T): T {
    return inNamespace(this.#namespace, 'net', OWN, action);
  }

  /** Looks at all of them before the first is moved. */
  bringIn(devices: Devices): void {
    const entries = Object.entries(devices).map(([hostName, { name }]) => this.#check(hostName, name));
    for (const entry of entries) this.#move(entry);
  }

  #check(hostName: string, name: string | undefined): Entry {
    const field = fieldOf(hostName);
    const link = findLink(this.#host, hostName);
    if (link === undefined) throw failure(field, 'the host has no such network device', 'ENODEV');
    const wanted = name || link.name;
    // The kernel renames a device only where it has arrived.
    if (!wanted.includes('%') && findLink(this.#inside, wanted) !== undefined) {
      throw failure(field, `the container has a network device "${wanted}" already`, 'EEXIST');
    }
    return { field, link, name: wanted };
  }

  #move(entry: Entry): void {
    const { field, link, name } = entry;
    const addresses = addressesOf(this.#host, link.index);
    const move = moveLink(this.#host, link.index, this.#namespace, name);
    if (move.index !== undefined) this.#moved.push({ ...entry, addresses, index: move.index });
    const details: ErrorDetails = { code: 'NET_DEVICE', field };
    const index = within(`${field}: move it into the container as "${name}"`, () => arrived(move), details);
    within(`${field}: set it up in the container`, () => this.#setUp(index, addresses), details);
  }

  #setUp(index: number, addresses: readonly Address[]): void {
    const link = findLink(this.#inside, index);
    if (link === undefined)
      throw new RuntimeError('it is not there any more', { code: 'NET_DEVICE', errno: 'ENODEV' });
    for (const address of addresses.filter(isKept)) addAddress(this.#inside, link, address);
    setLinkUp(this.#inside, index);
  }

  /** The container has come to be: they are its own. */
  keep(): void {
    this.#moved = [];
  }

  [Symbol.dispose](): void {
    for (const moved of this.#moved.reverse()) {
      try {
        this.#bringBack(moved);
      } catch (error) {
        log.warning(`while undoing: ${moved.field}: ${(error as Error).message}`);
      }
    }
    for (const fd of [this.#host, this.#inside, this.#namespace]) fd.close();
  }

  /** With what the kernel has forgotten: its addresses, and that it was up. */
  #bringBack({ link, addresses, index }: Moved): void {
    using host = openNamespace(OWN);
    const move = this.#in(() => moveLink(this.#inside, index, host, link.name));
    const returned = { ...link, index: arrived(move) };
    for (const address of addresses) addAddress(this.#host, returned, address);
    if (link.isUp) setLinkUp(this.#host, returned.index);
  }
}

function arrived({ index, error }: Move): number {
  if (error !== undefined) throw error;
  if (index !== undefined) return index;
  throw new RuntimeError('the kernel does not say where it has gone', { code: 'NET_DEVICE' });
}

/** What the specification has us keep; any other address is for whoever configures the container's network. */
function isKept({ flags, scope }: Address): boolean {
  return (flags & IFA_F_PERMANENT) !== 0 && scope === RT_SCOPE_UNIVERSE;
}

const fieldOf = (name: string): string => child('linux.netDevices', name);

function failure(field: string, reason: string, errno?: string): RuntimeError {
  return new RuntimeError(`${field}: ${reason}`, { code: 'NET_DEVICE', field, errno });
}
