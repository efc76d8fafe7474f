// Runs in the container's namespaces.
import { RuntimeError, within } from '../errors.ts';
import type { Fd } from '../linux/fd.ts';
import { attachMount, cloneMount } from '../linux/mount.ts';
import {
  changeOwnerOf,
  deviceNumber,
  failedWith,
  makeNodeAt,
  O_NOFOLLOW,
  O_PATH,
  openInRoot,
} from '../linux/path.ts';
import { entryStatus, FILE_KIND, type FileStatus, kindOf, statusOf } from '../linux/stat.ts';
import { basename, dirname, resolve } from '../posix-path.ts';
import type { Device } from '../spec/config.ts';
import { type OwnPlace, openFile, openOwnDirectory } from './resolve.ts';

const { character, block, fifo } = FILE_KIND;
const kinds: Record<string, number> = { c: character, u: character, b: block, p: fifo };

/** Makes the device nodes, each in its opened directory. `field` names the list in errors. */
export function makeDevices(place: OwnPlace, devices: readonly Device[], field: string): void {
  devices.forEach((device, index) => {
    const where = `${field}[${index}]`;
    within(`${where}: ${device.path}`, () => makeDevice(place, device), { code: 'DEVICE', field: where });
  });
}

function makeDevice(place: OwnPlace, device: Device): void {
  const path = resolve('/', device.path);
  const name = basename(path);
  const kind = kinds[device.type] as number;
  const number = deviceNumber(device.major ?? 0, device.minor ?? 0);
  using directory = openOwnDirectory(place, dirname(path));
  const node: Node = { path, name, kind, number };
  try {
    makeNodeAt(directory, name, kind | ((device.fileMode ?? 0o666) & 0o7777), number);
  } catch (error) {
    if (failedWith(error, 'EEXIST') && isPlaceholder(directory, name)) bindFromHost(directory, node);
    else if (failedWith(error, 'EEXIST')) checkExisting(directory, node);
    // In a user namespace device nodes cannot be made: the host's own is bound in its place.
    else if (failedWith(error, 'EPERM')) bindFromHost(directory, node);
    else throw error;
    return;
  }
  if (device.uid || device.gid) giveNode(directory, node, device);
}

/** By a handle: who shares the directory may have put another file in its place, which is not to be given away. */
function giveNode(directory: Fd, node: Node, { uid = 0, gid = 0 }: Device): void {
  using made = openInRoot(directory, node.name, O_PATH | O_NOFOLLOW);
  if (!isNode(statusOf(made), node)) throw notTheNode();
  changeOwnerOf(made, uid, gid);
}

/** The empty file on which an earlier container of this rootfs had the device bound. */
function isPlaceholder(directory: Fd, name: string): boolean {
  const status = entryStatus(directory, name);
  return kindOf(status) === FILE_KIND.regular && status.size === 0;
}

interface Node {
  /** Absolute, and the last part of it. */
  path: string;
  name: string;
  kind: number;
  number: number;
}

/** An image may bring the node, but nothing else may be in its place. */
function checkExisting(directory: Fd, node: Node): void {
  if (!isNode(entryStatus(directory, node.name), node)) throw notTheNode();
}

const notTheNode = () => new RuntimeError('another file is in its place', { code: 'DEVICE_EXISTS' });

function isNode(status: FileStatus, { kind, number }: Node): boolean {
  return kindOf(status) === kind && (kind === fifo || deviceNumber(status.major, status.minor) === number);
}

function bindFromHost(directory: Fd, node: Node): void {
  using source = within('the host has none to bind', () => cloneMount(node.path, false));
  if (!isNode(statusOf(source), node)) {
    throw new RuntimeError("the host's own file of that name is not this device", { code: 'DEVICE_EXISTS' });
  }
  using target = openFile(directory, node.name);
  attachMount(source, target);
}
