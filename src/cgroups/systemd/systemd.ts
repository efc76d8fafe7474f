// Runs on the host.
import { RuntimeError } from '../../errors.ts';
import { Bus, DbusError, type DbusValue, type Method } from '../../linux/dbus.ts';
import { log } from '../../log.ts';
import type { UnitProperty } from './properties.ts';

/** Where a systemd listens: on a message bus, or, `peer`, by itself. */
export interface SystemdAddress {
  address: string;
  peer: boolean;
}

/** Which systemd, and how patient to be with it. */
export interface SystemdOptions {
  /** A user's own, not the system's. */
  user: boolean;
  /** Tried in this order. */
  addresses: readonly SystemdAddress[];
  timeoutMs: number;
}

const SERVICE = 'org.freedesktop.systemd1';
const OBJECT = '/org/freedesktop/systemd1';
const MANAGER = `${SERVICE}.Manager`;
const PROPERTIES = 'a(sv)';

const manager = (member: string): Method => ({
  destination: SERVICE,
  path: OBJECT,
  interface: MANAGER,
  member,
});

/** A systemd, as far as cgroups of containers need it. Connects at the first call. Source: org.freedesktop.systemd1(5). */
export class Systemd {
  readonly #options: SystemdOptions;
  #bus: Bus | undefined;
  #isSubscribed = false;

  constructor(options: SystemdOptions) {
    this.#options = options;
  }

  /** Its major version; 0 if it cannot be told. */
  version(): number {
    const text = this.#property('Version');
    return Number(/\d+/.exec(text)?.[0] ?? 0);
  }

  /** Where its own cgroup is: `/` for the system's, `/user.slice/…` for a user's. */
  controlGroup(): string {
    return this.#property('ControlGroup') || '/';
  }

  /** Makes and starts a unit, and waits until it is there. A failed one of the same name is cleared away first. */
  startUnit(unit: string, properties: readonly UnitProperty[]): void {
    this.#subscribe();
    const start = () =>
      this.#connect().call(manager('StartTransientUnit'), `ss${PROPERTIES}a(sa(sv))`, [
        unit,
        'replace',
        properties.map(([name, value]): DbusValue => [name, value]),
        [],
      ]);
    this.#wait(unit, 'start', this.#retryWhenExists(unit, start));
  }

  #retryWhenExists(unit: string, start: () => string): string {
    try {
      return start();
    } catch (error) {
      if (!isRefusal(error, 'UnitExists')) throw error;
      this.resetFailed(unit);
    }
    try {
      return start();
    } catch (error) {
      if (!isRefusal(error, 'UnitExists')) throw error;
      const hint = `see systemctl status ${unit}; choose another linux.cgroupsPath`;
      throw new RuntimeError(
        `systemd has a unit ${unit} already`,
        { code: 'CGROUP_NOT_EMPTY', field: 'linux.cgroupsPath', hint },
        error,
      );
    }
  }

  /** Stops a unit, and waits until its processes are gone; one that is not there is fine. */
  stopUnit(unit: string): void {
    this.#subscribe();
    try {
      this.#wait(unit, 'stop', this.#connect().call(manager('StopUnit'), 'ss', [unit, 'replace']));
    } catch (error) {
      if (!isRefusal(error, 'NoSuchUnit')) throw error;
    }
    this.resetFailed(unit);
  }

  /** Makes systemd forget a unit that has failed. */
  resetFailed(unit: string): void {
    try {
      this.#connect().call(manager('ResetFailedUnit'), 's', [unit]);
    } catch (error) {
      if (!(error instanceof DbusError)) throw error;
      log.debug(`systemd: ${error.message}`);
    }
  }

  /**
   * Changes properties of a unit until the machine is started again. systemd writes files that follow from them after it
   * has answered, and before it looks at the next message: so nothing of it comes later than what is written hereafter.
   */
  setProperties(unit: string, properties: readonly UnitProperty[]): void {
    if (properties.length === 0) return;
    const values = properties.map(([name, value]): DbusValue => [name, value]);
    this.#connect().call(manager('SetUnitProperties'), `sb${PROPERTIES}`, [unit, true, values]);
    this.version();
  }

  #connect(): Bus {
    this.#bus ??= this.#firstOf();
    return this.#bus;
  }

  #firstOf(): Bus {
    const { addresses, timeoutMs } = this.#options;
    const failures: string[] = [];
    for (const { address, peer } of addresses) {
      try {
        return new Bus(address, { peer, timeoutMs });
      } catch (error) {
        if (!(error instanceof RuntimeError) || error.code !== 'DBUS') throw error;
        failures.push(error.message);
      }
    }
    throw new RuntimeError(`systemd cannot be reached: ${failures.join('; ')}`, {
      code: 'SYSTEMD_UNREACHABLE',
      hint: this.#options.user
        ? 'the user needs a systemd of its own, as a login or loginctl enable-linger starts it, and XDG_RUNTIME_DIR'
        : 'is systemd running here? without it leave out --systemd-cgroup',
    });
  }

  #property(name: string): string {
    const get = { ...manager('Get'), interface: 'org.freedesktop.DBus.Properties' };
    return this.#connect().call(get, 'ss', [MANAGER, name]);
  }

  /** systemd tells of finished jobs only who has asked for it; a bus, only who has asked it too. */
  #subscribe(): void {
    if (this.#isSubscribed) return;
    const bus = this.#connect();
    bus.call(manager('Subscribe'));
    const match: Method = {
      destination: 'org.freedesktop.DBus',
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
      member: 'AddMatch',
    };
    if (!bus.peer)
      bus.call(match, 's', [`type='signal',sender='${SERVICE}',interface='${MANAGER}',member='JobRemoved'`]);
    this.#isSubscribed = true;
  }

  /** Waits for the end of a job. Its arguments: number, path, unit, result. */
  #wait(unit: string, action: string, job: string): void {
    const removed = this.#connect().waitForSignal(
      ({ member, args }) => member === 'JobRemoved' && args[1] === job,
    );
    if (removed?.args[3] === 'done') return;
    if (removed === undefined) throw this.#stuck(unit, action, job);
    throw new RuntimeError(`systemd: the job to ${action} ${unit} has ended as "${removed.args[3]}"`, {
      code: 'SYSTEMD_JOB',
      hint: `see journalctl --unit ${unit}`,
    });
  }

  /** What can be said about a job that does not end. */
  #stuck(unit: string, action: string, job: string): RuntimeError {
    const seconds = this.#options.timeoutMs / 1000;
    const message = `systemd has taken the job to ${action} ${unit} and not finished it in ${seconds} s`;
    const get = { ...manager('Get'), path: job, interface: 'org.freedesktop.DBus.Properties' };
    let state = '';
    try {
      state = `: it is ${this.#connect().call(get, 'ss', [`${SERVICE}.Job`, 'State'])}`;
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
    }
    const hint = 'see systemctl list-jobs for what it waits for';
    return new RuntimeError(message + state, { code: 'SYSTEMD_TIMEOUT', hint });
  }
}

/** Whether systemd has answered with that error. */
function isRefusal(error: unknown, name: string): boolean {
  return error instanceof DbusError && error.dbusName === `${SERVICE}.${name}`;
}
