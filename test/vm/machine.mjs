/**
 * QEMU: boots the image once and stores the running machine, memory and disk; every run resumes a copy of that, which
 * takes two seconds. KVM is used where an ordinary kernel gets through to its init with it; otherwise QEMU emulates.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { runQuietly, say } from '../scripts/project.mjs';
import { digest, ensureImage, makeDirectory } from './image.mjs';

/** A snapshot knows the size of its disks. */
export const JOB_SIZE = 2 ** 30;
const KERNEL_ARGUMENTS = 'console=ttyS0 quiet panic=-1 mitigations=off no5lvl net.ifnames=0';
/** The hierarchies that systemd makes: version 2 alone, version 1 and half of version 2, or version 1 alone. */
export const BOOTS = {
  unified: 'systemd.unified_cgroup_hierarchy=1',
  hybrid: 'systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=0',
  legacy: 'systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1',
  // Version 2 alone, with Docker, containerd and Podman.
  engines: 'systemd.unified_cgroup_hierarchy=1',
};
const ACCELERATORS = {
  kvm: ['-accel', 'kvm', '-cpu', 'host'],
  tcg: ['-accel', 'tcg,thread=multi', '-cpu', 'max,la57=off'],
};
const BOOT_SECONDS = 900;
/** An emulated kernel needs 5 s until init. */
const KVM_SECONDS = 15;

const hardware = [
  ...['-machine', 'pc', '-m', '1024', '-smp', String(Math.min(availableParallelism(), 4))],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-device', 'virtio-rng-pci'],
];

/** A line, or undefined if the other end has closed before `seconds` are over. */
async function nextLine(lines, seconds) {
  const timer = new AbortController();
  const late = pause(seconds * 1000, undefined, { ref: false, signal: timer.signal }).catch(() => undefined);
  const { value } = (await Promise.race([lines.next(), late])) ?? {};
  timer.abort();
  return value;
}

/** What QEMU and the machine's console said last, for an error. */
function lastWords(directory) {
  const read = (name) =>
    existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'latin1') : '';
  const console = read('console').replaceAll('\r', '').trim().split('\n').slice(-15);
  return [read('errors').trim(), ...console].join('\n').trim();
}

/** A unix socket that QEMU connects to: the connection and its lines, once it has. */
async function listen(path) {
  const server = createServer().listen(path);
  await once(server, 'listening');
  const connected = once(server, 'connection').then(([socket]) => {
    server.close();
    // A QEMU that dies resets the connection, which is one more end; the lines would make an exception of it.
    const input = new PassThrough();
    socket.on('error', () => {}).on('close', () => input.end());
    socket.pipe(input);
    return { socket, lines: createInterface({ input })[Symbol.asyncIterator]() };
  });
  return { connected, server };
}

const running = new Set();

/** One QEMU with `disk` as its root; it ends with this process, whichever way that ends. */
export class Machine {
  #directory = mkdtempSync(join(tmpdir(), 'trunc-vm-'));
  #child;

  /** `job`: a descriptor of the disk with what to run. `snapshot`: where the state is that is resumed; otherwise it boots `image`. */
  async start({ accelerator, boot, disk, job, image, snapshot }) {
    running.add(this);
    const port = await listen(join(this.#directory, 'port'));
    const monitor = await listen(join(this.#directory, 'monitor'));
    const options = [
      ...['-kernel', join(image, 'kernel'), '-initrd', join(image, 'initrd')],
      ...['-append', `${KERNEL_ARGUMENTS} ${BOOTS[boot]}`],
      ...['-drive', `file=${quote(disk)},format=raw,if=virtio,${snapshot ? 'snapshot=on' : 'cache=unsafe'}`],
      ...['-drive', `file=/proc/self/fd/3,format=raw,if=virtio,readonly=on`],
      ...['-chardev', 'socket,id=port,path=port', '-chardev', 'socket,id=monitor,path=monitor'],
      ...['-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=port,name=trunc'],
      ...['-mon', 'chardev=monitor,mode=control', '-serial', 'file:console'],
    ];
    const errors = openSync(join(this.#directory, 'errors'), 'w');
    const stdio = ['ignore', 'ignore', errors, job ?? this.#emptyJob()];
    if (snapshot) {
      stdio.push(openSync(join(snapshot, 'state'), 'r'));
      options.push('-incoming', 'fd:4');
    }
    const command = ['qemu-system-x86_64', ...ACCELERATORS[accelerator], ...hardware, ...options];
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { cwd: this.#directory, stdio });
    this.ended = once(this.#child, 'exit');
    this.ended.then(() => {
      port.server.close();
      monitor.server.close();
    });
    const connections = Promise.all([port.connected, monitor.connected]);
    if (!(await Promise.race([connections, this.ended.then(() => false)])))
      throw new Error(`QEMU ended: ${lastWords(this.#directory)}`);
    [this.port, this.monitor] = await connections;
    await this.command('qmp_capabilities');
  }

  #emptyJob() {
    const file = join(this.#directory, 'empty');
    writeFileSync(file, '');
    truncateSync(file, JOB_SIZE);
    return openSync(file, 'r');
  }

  /** One command of QEMU's protocol; returns what it returns. */
  async command(execute, args) {
    this.monitor.socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    for (;;) {
      const line = await nextLine(this.monitor.lines, 60);
      if (line === undefined) throw new Error(`QEMU does not answer ${execute}: ${this.lastWords()}`);
      const { return: value, error } = JSON.parse(line);
      if (error) throw new Error(`QEMU: ${execute}: ${error.desc}`);
      if (value) return value;
    }
  }

  lastWords() {
    return lastWords(this.#directory);
  }

  /** Whether the kernel has come as far as its init within the time. */
  async reachesInit(seconds) {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end && this.#child.exitCode === null) {
      if (this.lastWords().includes('trunc-vm: init')) return true;
      await pause(100);
    }
    return false;
  }

  /** The next line that the machine's runner sends. */
  async line(seconds) {
    return nextLine(this.port.lines, seconds);
  }

  /** For process.on('exit') too. */
  kill() {
    running.delete(this);
    this.#child?.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

process.on('exit', () => {
  for (const machine of running) machine.kill();
});

/** QEMU separates suboptions by commas; a doubled one stands for itself. */
function quote(path) {
  return path.replaceAll(',', ',,');
}

async function save(machine, file) {
  await machine.command('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 });
  await machine.command('migrate', { uri: `exec:cat >'${file.replaceAll("'", "'\\''")}'` });
  for (;;) {
    const { status } = await machine.command('query-migrate');
    if (status === 'completed') return;
    if (status === 'failed') throw new Error(`QEMU cannot save the machine: ${machine.lastWords()}`);
    await pause(100);
  }
}

/** Boots with one accelerator; false if it is not good for that. */
async function tryBoot(directory, image, boot, accelerator) {
  const machine = new Machine();
  try {
    const disk = join(directory, 'disk');
    runQuietly('cp', ['--reflink=auto', '--sparse=always', join(image, 'disk'), disk]);
    await machine.start({ accelerator, boot, disk, image });
    if (accelerator === 'kvm' && !(await machine.reachesInit(KVM_SECONDS))) return false;
    const line = await machine.line(BOOT_SECONDS);
    if (line !== 'ready') throw new Error(`the machine did not boot: ${line ?? ''} ${machine.lastWords()}`);
    await save(machine, join(directory, 'state'));
    writeFileSync(join(directory, 'accelerator'), accelerator);
    return true;
  } finally {
    machine.kill();
    await machine.ended;
  }
}

function hasKvm() {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function makeSnapshot(directory, image, boot) {
  const start = performance.now();
  // QEMU itself may not get along with the host's KVM, and end.
  const kvm = hasKvm() && (await tryBoot(directory, image, boot, 'kvm').catch(() => false));
  if (!kvm) await tryBoot(directory, image, boot, 'tcg');
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  say(
    `vm: booted (${boot}) ${kvm ? 'with KVM' : 'without KVM, which does not work here'} and stored, ${seconds} s`,
  );
}

/** A machine with `job` that waits for its first line; image and snapshot are made where they are missing. `boot`: see BOOTS. */
export async function resume(job, boot) {
  const image = await ensureImage(boot === 'engines' ? 'engines' : 'usual');
  const qemu = runQuietly('qemu-system-x86_64', ['--version']);
  const settings = JSON.stringify([hardware, ACCELERATORS, KERNEL_ARGUMENTS, BOOTS[boot]]);
  const key = digest(image, qemu, release(), cpus()[0].model, settings);
  const snapshot = join(image, `snapshot-${key}`);
  if (!existsSync(snapshot))
    await makeDirectory(snapshot, (directory) => makeSnapshot(directory, image, boot));
  const machine = new Machine();
  const accelerator = readFileSync(join(snapshot, 'accelerator'), 'utf8');
  await machine.start({ accelerator, boot, disk: join(snapshot, 'disk'), job, image, snapshot });
  return { machine, accelerator };
}
