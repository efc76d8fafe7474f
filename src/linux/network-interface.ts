import type { Fd } from './fd.ts';
import {
  attribute,
  attributes,
  type Message,
  NLM_F_CREATE_EXCLUSIVE,
  NLM_F_DUMP,
  notifications,
  openMonitor,
  request,
  textOf,
} from './netlink.ts';
import { failedWith } from './path.ts';

// Source: rtnetlink(7), include/uapi/linux/if_link.h and if_addr.h of the kernel.

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTMGRP_LINK = 1;
const IFLA_IFNAME = 3;
const IFLA_NET_NS_FD = 28;
const IFLA_NEW_IFINDEX = 49;
const IFA_LABEL = 3;
const IFA_FLAGS = 8;
const IFF_UP = 1;
const LINK_HEADER = 16;
const ADDRESS_HEADER = 8;

/** Of every network namespace: its first interface. */
export const LOOPBACK_INDEX = 1;
export const IFA_F_PERMANENT = 0x80;
export const RT_SCOPE_UNIVERSE = 0;

/** A network interface; its index is that of the namespace it was found in. */
export interface Link {
  index: number;
  name: string;
  isUp: boolean;
}

/** An address of an interface, to be given back to the kernel as it came. */
export interface Address {
  family: number;
  prefixLength: number;
  scope: number;
  /** IFA_F_*. */
  flags: number;
  attributes: ReadonlyMap<number, Buffer>;
}

/** struct ifinfomsg. */
function linkHeader(index: number, flags = 0): Buffer {
  const header = Buffer.alloc(LINK_HEADER);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(flags, 8);
  // Which of the flags are meant.
  header.writeUInt32LE(flags, 12);
  return header;
}

function parseLink({ body }: Message): Link {
  const name = attributes(body, LINK_HEADER).get(IFLA_IFNAME) as Buffer;
  return { index: body.readInt32LE(4), name: textOf(name), isUp: (body.readUInt32LE(8) & IFF_UP) !== 0 };
}

/** The interface of this name, or index, in the network namespace of the socket. */
export function findLink(socket: Fd, key: string | number): Link | undefined {
  const name = typeof key === 'string' ? [attribute(IFLA_IFNAME, key)] : [];
  const index = typeof key === 'number' ? key : 0;
  try {
    return request(socket, RTM_GETLINK, 0, linkHeader(index), ...name).map(parseLink)[0];
  } catch (error) {
    if (failedWith(error, 'ENODEV')) return undefined;
    throw error;
  }
}

/** Sets an interface up, by its index in the network namespace of `socket`. */
export function setLinkUp(socket: Fd, index: number): void {
  request(socket, RTM_NEWLINK, 0, linkHeader(index, IFF_UP));
}

/** How a move has ended: at which index of the other namespace, if there, and why not as wanted. */
export interface Move {
  index?: number;
  error?: unknown;
}

/**
 * Moves an interface of the calling thread's network namespace to another one, under a name that may hold `%d`
 * for the first free number. It is down afterwards and has lost its addresses. The kernel renames it where it
 * has arrived: a failed move may leave it there under its old name.
 */
export function moveLink(socket: Fd, index: number, namespace: Fd, name: string): Move {
  // The kernel tells nobody else what has become of the index.
  using monitor = openMonitor(RTMGRP_LINK);
  const move: Move = {};
  try {
    const target = [attribute(IFLA_NET_NS_FD, namespace.number), attribute(IFLA_IFNAME, name)];
    request(socket, RTM_NEWLINK, 0, linkHeader(index), ...target);
  } catch (error) {
    move.error = error;
  }
  for (const { type, body } of notifications(monitor)) {
    if (type !== RTM_DELLINK || body.readInt32LE(4) !== index) continue;
    const arrived = attributes(body, LINK_HEADER).get(IFLA_NEW_IFINDEX);
    if (arrived !== undefined) move.index = arrived.readInt32LE(0);
  }
  return move;
}

/** The addresses of an interface, of all families. */
export function addressesOf(socket: Fd, index: number): Address[] {
  const all = request(socket, RTM_GETADDR, NLM_F_DUMP, Buffer.alloc(ADDRESS_HEADER));
  return all.filter(({ body }) => body.readUInt32LE(4) === index).map(parseAddress);
}

function parseAddress({ body }: Message): Address {
  const found = attributes(body, ADDRESS_HEADER);
  return {
    family: body.readUInt8(0),
    prefixLength: body.readUInt8(1),
    flags: found.get(IFA_FLAGS)?.readUInt32LE(0) ?? body.readUInt8(2),
    scope: body.readUInt8(3),
    attributes: found,
  };
}

/** Gives an interface an address with all that belongs to it; a label follows the name of the interface. */
export function addAddress(socket: Fd, { index, name }: Link, address: Address): void {
  const header = Buffer.from([address.family, address.prefixLength, 0, address.scope, 0, 0, 0, 0]);
  header.writeUInt32LE(index, 4);
  const parts = [...address.attributes].map(([type, value]) =>
    attribute(type, type === IFA_LABEL ? textOf(value).replace(/^[^:]*/, name) : value),
  );
  request(socket, RTM_NEWADDR, NLM_F_CREATE_EXCLUSIVE, header, ...parts);
}
