// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

/**
 * The network between a host and all others.
 *
 * @param title what people call it
 * @param megabitsPerSecond in each direction; 0 for no limit
 * @param roundTripMillis of an idle link; 0 is none
 */
public record Link(String title, int megabitsPerSecond, int roundTripMillis) {
    /** No limits. */
    public static final Link PLAIN = new Link("loopback", 0, 0);

    /** Hosts side by side. */
    public static final Link GIGABIT = new Link("1 Gbit/s", 1000, 0);

    /** Hosts in two towns. */
    public static final Link WAN = new Link("100 Mbit/s, 20 ms", 100, 20);

    /** Hosts on two continents. */
    public static final Link FAR = new Link("20 Mbit/s, 80 ms", 20, 80);

    @Override
    public String toString() {
        return title;
    }
}
