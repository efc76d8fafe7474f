/** Scale-out is the engines' job: a service of 20 replicas on one node of a Docker Swarm. */
import t from 'tap';
import { startDocker } from '../helpers/engine.ts';
import { enterLab, remains } from '../helpers/lab.ts';
import { runtime } from '../helpers/runtime.ts';
import { until } from '../helpers/sandbox.ts';

await enterLab('docker', 'dockerd', 'containerd', 'iptables');

const { docker, daemon } = startDocker();
const REPLICAS = 20;

/** The IDs of the service's running containers. */
function replicas(): string[] {
  return docker
    .says('ps', '-q', '--filter', 'label=com.docker.swarm.service.name=s')
    .split('\n')
    .filter(Boolean);
}
function scale(count: number): void {
  docker.says('service', 'update', '--detach', '--replicas', String(count), 's');
  until(`${count} replicas`, () => replicas().length === count, 120_000);
}

t.test('a swarm of one node', async (t) => {
  docker.says('swarm', 'init', '--advertise-addr', '127.0.0.1', '--listen-addr', '127.0.0.1:2377');
  t.match(docker.says('node', 'ls'), /Ready +Active +Leader/);
});

t.test(`a service of ${REPLICAS} replicas`, { timeout: 300_000 }, async (t) => {
  const limits = ['--limit-memory', '32M', '--limit-pids', '20', '--restart-condition', 'any'];
  const command = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'];
  docker.says(
    'service',
    'create',
    '--detach',
    '--name',
    's',
    '--no-resolve-image',
    ...limits,
    'bb',
    ...command,
  );
  scale(REPLICAS);
  t.match(docker.says('service', 'ls'), / 20\/20 /);
  for (const id of replicas()) {
    t.equal(docker.inspect(id, 'HostConfig.Runtime'), 'tested', `${id} is on ${runtime.kind}`);
    t.equal(docker.exec(id, 'cat /proc/1/comm'), 'sh');
  }
});

t.test('down and up again', { timeout: 300_000 }, async (t) => {
  scale(5);
  t.equal(replicas().length, 5);
  scale(REPLICAS);
  t.equal(new Set(replicas()).size, REPLICAS);
});

t.test('a replica that dies is replaced', async (t) => {
  const [victim = ''] = replicas();
  docker.says('kill', victim);
  until('a new one', () => replicas().length === REPLICAS && !replicas().includes(victim), 60_000);
  t.not(docker.inspect(victim, 'State.Status'), 'running');
});

t.test('the end of the service', { timeout: 300_000 }, async (t) => {
  docker.says('service', 'rm', 's');
  until('no replicas', () => docker.says('ps', '-aq') === '', 120_000);
  docker.says('swarm', 'leave', '--force');
  t.equal(docker.says('ps', '-aq'), '');
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  t.same(remains(), []);
});
