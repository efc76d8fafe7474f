/** Runs test files with tap, shows a line for each file and what failed, and counts tests. */
import { spawn } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { at, project, say } from './project.mjs';
import { openRegister, sweep } from './sweep.mjs';

const POINT = /^( *)(not )?ok \d+(?: - (.*?))?(?: # time=([\d.]+)ms)?(?: # (SKIP|TODO)\b *(.*))?$/;
// What the set-up provides must be there; what a kernel lacks cannot be helped.
const FATAL = /^root is required$|is not installed$/;
// A test for other runtimes.
const MEANT = /^only |^RUNTIME is set$/;

/** Reads one run: nested by four spaces, files at the top, their tests below. Source: testanything.org, version 14. */
export class Counter {
  passed = 0;
  failed = 0;
  skips = new Map();
  #report = [];
  #failedHere = 0;
  #details = { end: '', wanted: false };

  read(line) {
    const block = /^( *)---$/.exec(line);
    if (this.#details.end !== '') this.#readDetails(line);
    else if (block) this.#details.end = `${block[1]}...`;
    else this.#readPoint(line, POINT.exec(line));
  }

  /** The lines of a block that explains a failure. */
  #readDetails(line) {
    if (line === this.#details.end) this.#details.end = '';
    else if (this.#details.wanted) this.#report.push(line);
  }

  #readPoint(line, point) {
    if (point === null) return;
    const [, indent, not, name, time, directive, reason] = point;
    const bad = not !== undefined && directive === undefined;
    if (directive === 'SKIP') this.skips.set(reason, (this.skips.get(reason) ?? 0) + 1);
    if (indent === '') return this.#endFile(name, bad, Number(time ?? 0));
    if (bad) this.#report.push(line);
    // What a test with points of its own says about its failure is where it begins; its points say more.
    this.#details.wanted = bad && time === undefined;
    if (indent.length > 4 || directive !== undefined) return;
    if (bad) this.#failedHere += 1;
    else this.passed += 1;
  }

  #endFile(name, bad, time) {
    say(`${bad ? 'FAILED' : 'ok'} ${name} ${(time / 1000).toFixed(1)} s`);
    if (bad) say(this.#report.join('\n'));
    // A file can fail without a failed test: it crashed, or ran out of time.
    this.failed += bad && this.#failedHere === 0 ? 1 : this.#failedHere;
    this.#report = [];
    this.#failedHere = 0;
    this.#details.wanted = false;
  }

  endRun() {
    for (const [reason, count] of this.skips) {
      if (MEANT.test(reason)) continue;
      const fatal = FATAL.test(reason);
      say(`${fatal ? 'FAILED' : 'skipped'}: ${count} × ${reason}`);
      if (fatal) this.failed += count;
    }
  }
}

/** The options of the mount that a directory is on. */
function mountOptions(directory) {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  // Fields: id, parent, device, root of the mount, mount point, options. The later one covers the earlier.
  const over = lines
    .map((line) => line.split(' '))
    .filter(([, , , , point]) => point === '/' || `${directory}/`.startsWith(`${point}/`))
    .sort(([, , , , one], [, , , , other]) => one.length - other.length);
  return over.at(-1)?.[5].split(',') ?? [];
}

/** Where devices, set-user-ID and other programs of a rootfs are what they are; with systemd /tmp is no such place. */
function temporaryDirectory() {
  const spoils = ['nodev', 'nosuid', 'noexec'];
  const isUsable = (directory) =>
    mountOptions(realpathSync(directory)).every((option) => !spoils.includes(option));
  return [tmpdir(), '/var/tmp'].find(isUsable) ?? tmpdir();
}

/** Runs `files` and returns { passed, failed }, counted over the tests of each file. */
export async function runTests(files, env, options = []) {
  const counter = new Counter();
  const args = ['run', '--reporter=tap', '--no-color', ...options, ...files];
  process.env.TMPDIR = temporaryDirectory();
  const register = openRegister();
  const child = spawn(at('node_modules/.bin/tap'), args, {
    cwd: project,
    env: { ...process.env, ...env, TRUNC_RUN: register },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  for await (const line of createInterface(child.stdout)) counter.read(line);
  const status = await ended;
  sweep(register);
  counter.endRun();
  const { passed, failed } = counter;
  if (status === 0 || failed > 0) return { passed, failed };
  say(`FAILED: tap ended with status ${status}`);
  return { passed, failed: 1 };
}
