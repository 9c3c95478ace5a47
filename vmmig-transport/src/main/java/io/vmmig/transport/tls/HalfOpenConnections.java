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
 * A bounded set of connections whose peers are not authenticated yet. When it is full, a new one evicts a random connection of
 * the address with the most connections, or of any address if none has many. Random, because evicting the oldest would give every
 * connection the same time during a flood from its own address, and that might be too short for all of them. Thread-safe.
 */
final class HalfOpenConnections {
    /** The network part of an IPv6 address; an owner of one of its addresses has all of them. */
    private static final int IPV6_NETWORK_BYTES = 8;
    /** Up to this share of the set is not many: a host that moves several guests at once may need it. */
    private static final int FEW = 8;

    private final int most;
    private final RandomGenerator random;
    private final Map<InetAddress, List<Socket>> byNetwork = new HashMap<>();
    private int count;

    HalfOpenConnections(int most, RandomGenerator random) {
        this.most = most;
        this.random = random;
    }

    /** Adds a connection; returns the evicted one, if any. */
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

    /** Removes a connection that is authenticated or closed; false if it had been evicted. */
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

    /** Also available for a closed socket. */
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
