// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Whose connection gives way when too many have not shown yet whose they are. */
class HalfOpenConnectionsTest {
    private static final int MOST = 8;

    private final HalfOpenConnections connections = new HalfOpenConnections(MOST, new Random(1));

    /** From an address, without a connection. */
    private static Socket from(String address) throws UnknownHostException {
        InetAddress peer = InetAddress.getByName(address);
        return new Socket() {
            @Override
            public InetAddress getInetAddress() {
                return peer;
            }
        };
    }

    private void fill(int from, String... addresses) throws UnknownHostException {
        for (int i = from; i < MOST; i++) {
            assertThat(connections.add(from(addresses[i % addresses.length]))).isNull();
        }
    }

    @Test
    void theAddressWithMostOfThemLosesOneHoweverLongTheOthersHaveTaken() throws Exception {
        Socket patient = from("10.0.0.1");
        connections.add(patient);
        fill(1, "10.0.0.2");

        for (int i = 0; i < 1000; i++) {
            Socket evicted = connections.add(from(i % 2 == 0 ? "10.0.0.2" : "10.0.0.3"));
            assertThat(evicted).isNotNull().isNotSameAs(patient);
        }
        assertThat(connections.remove(patient)).isTrue();
    }

    @Test
    void aWholeIpv6NetworkIsOneAddress() throws Exception {
        Socket patient = from("2001:db8:1::1");
        connections.add(patient);
        fill(1, "2001:db8:2::1", "2001:db8:2::2", "2001:db8:2::3");

        for (int i = 0; i < 1000; i++) {
            assertThat(connections.add(from("2001:db8:2::" + Integer.toHexString(i))))
                    .isNotNull()
                    .isNotSameAs(patient);
        }
    }

    @Test
    void amongEqualsItIsChance() throws Exception {
        List<Socket> first = new ArrayList<>();
        Set<Integer> survivors = new HashSet<>();
        for (int round = 0; round < 200; round++) {
            HalfOpenConnections fresh = new HalfOpenConnections(MOST, new Random(round));
            first.clear();
            for (int i = 0; i < MOST; i++) {
                first.add(from("10.0.0." + i));
                fresh.add(first.get(i));
            }
            fresh.add(from("10.0.1.1"));
            for (int i = 0; i < MOST; i++) {
                if (fresh.remove(first.get(i))) {
                    survivors.add(i);
                }
            }
        }
        assertThat(survivors).hasSize(MOST);
    }

    /** One host from which several guests leave is not to give way to very many that have one connection each. */
    @Test
    void anAddressThatHasAFewIsNotACrowd() throws Exception {
        HalfOpenConnections many = new HalfOpenConnections(64, new Random(1));
        List<Socket> few = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            few.add(from("10.1.0.1"));
            many.add(few.get(i));
        }
        for (int i = 0; i < 56; i++) {
            many.add(from("10.0.0." + i));
        }
        for (int i = 0; i < 8; i++) {
            many.add(from("10.0.1." + i));
        }
        assertThat(few.stream().filter(many::remove)).hasSizeGreaterThan(4);
    }

    @Test
    void whoHasShownWhoItIsCannotGiveWayAnyMoreAndIsSaidToHaveGivenWayBefore() throws Exception {
        Socket known = from("10.0.0.1");
        connections.add(known);
        assertThat(connections.remove(known)).isTrue();
        assertThat(connections.remove(known)).isFalse();
        fill(0, "10.0.0.1");
        for (int i = 0; i < 100; i++) {
            assertThat(connections.add(from("10.0.0.1"))).isNotSameAs(known);
        }
    }
}
