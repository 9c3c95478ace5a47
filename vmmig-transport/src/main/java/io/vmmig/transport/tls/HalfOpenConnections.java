// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Connections whose peers have not shown yet who they are; of these there are so many at most. When one more comes, one gives way of the
 * address that has most of them; of any address, if none has many. Which one is chance: if it were the oldest, a flood from a host's
 * own address would leave each connection of that host the same time, and it might be too short for every one. Thread-safe.
 */
final class HalfOpenConnections {
    /** The part of an IPv6 address that names a network; whoever has one of its addresses has all of them. */
    private static final int IPV6_NETWORK_BYTES = 8;
    /** An address that has this part of all of them has not many: as much may a host have from which several guests leave at once. */
    private static final int FEW = 8;

    private final int most;
    private final RandomGenerator random;
    private final Map<InetAddress, List<Socket>> byNetwork = new HashMap<>();
    private int count;

    HalfOpenConnections(int most, RandomGenerator random) {
        this.most = most;
        this.random = random;
    }

    /** Adds one; returns the one that has to give way, if there are too many now. That one is not among them any more. */
    synchronized @Nullable Socket add(Socket raw) {
        byNetwork.computeIfAbsent(network(raw), any -> new ArrayList<>()).add(raw);
        count++;
        if (count <= most) {
            return null;
        }
        int largest = byNetwork.values().stream().mapToInt(List::size).max().orElseThrow();
        List<Socket> crowd = byNetwork.values().stream()
                .filter(those -> those.size() == largest || largest <= most / FEW)
                .flatMap(List::stream)
                .toList();
        Socket evicted = crowd.get(random.nextInt(crowd.size()));
        remove(evicted);
        return evicted;
    }

    /** That one has shown who it is, or is over; false if it had to give way before. */
    synchronized boolean remove(Socket raw) {
        InetAddress network = network(raw);
        List<Socket> those = byNetwork.getOrDefault(network, List.of());
        if (!those.contains(raw)) {
            return false;
        }
        those.remove(raw);
        count--;
        if (those.isEmpty()) {
            byNetwork.remove(network);
        }
        return true;
    }

    /** Closes all. */
    synchronized void close() {
        byNetwork.values().forEach(those -> those.forEach(Sockets::closeQuietly));
    }

    /** Known also of a socket that is closed. */
    private static InetAddress network(Socket raw) {
        InetAddress address = raw.getInetAddress();
        if (address instanceof Inet6Address) {
            byte[] bytes = address.getAddress();
            Arrays.fill(bytes, IPV6_NETWORK_BYTES, bytes.length, (byte) 0);
            try {
                return InetAddress.getByAddress(bytes);
            } catch (java.net.UnknownHostException e) {
                throw new IllegalStateException("an address of " + bytes.length + " bytes", e);
            }
        }
        return address;
    }
}
