import t from 'tap';
import { sysctlPath } from '../../src/spec/sysctl-path.ts';

t.equal(sysctlPath('net.ipv4.ip_forward'), 'net/ipv4/ip_forward');
t.equal(sysctlPath('net/ipv4/ip_forward'), 'net/ipv4/ip_forward');
t.equal(sysctlPath('net.ipv4.conf.eth0/1.rp_filter'), 'net/ipv4/conf/eth0.1/rp_filter');
t.equal(sysctlPath('net/ipv4/conf/eth0.1/rp_filter'), 'net/ipv4/conf/eth0.1/rp_filter');
t.equal(sysctlPath('plain'), 'plain');
