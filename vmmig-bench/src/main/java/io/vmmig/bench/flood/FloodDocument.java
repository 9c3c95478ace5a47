// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.flood;

import java.util.List;

/** {@code docs/flood.md}. */
final class FloodDocument {
    private FloodDocument() {}

    static String of(Flood.Scale scale, List<Flood.Row> rows) {
        StringBuilder text = new StringBuilder(
                """
                # Under attack

                Written by `./flood` (no root, no guests; it takes a few minutes): a listener with its receiver, in a program of its own with a
                heap of 256 MiB (`-Xmx256m`), is attacked by strangers and by hosts that it trusts, one attack after the other, while honest hosts
                move guests to it. The guests are in memory, of 2 MiB each; the connections are TLS over sockets of one machine. A short
                form of it is among the unit tests.

                - Strangers: %d connections a second. Nine of ten say nothing; one of ten does its part of the handshake with a certificate that
                  nobody trusts. The honest hosts are at the other end of a link of %d ms in each direction, and all begin at once.
                - Trusted hosts: %d of them, all hostile, give signs of life every second. What a source owes (its offer, 64 KiB of the package,
                  its word) is waited for %d s here, where the default is five minutes.

                | attack | its end | honest migrations | heap after a collection, and threads |
                | --- | --- | --- | --- |
                """
                        .formatted(
                                scale.strangers(),
                                scale.latency().toMillis(),
                                4,
                                scale.deadline().toSeconds()));
        for (Flood.Row row : rows) {
            text.append("| %s | %s | %s | %s |%n"
                    .formatted(
                            row.attack(),
                            row.came(),
                            row.honest() + (row.withstood() ? "" : ", **not withstood**"),
                            row.load()));
        }
        return text.append(
                        """

                        What is left: a trusted host that sends valid offers and then just fast enough, or does not begin to send for up to an hour, holds one admission
                        for each, as a slow but honest source would, and others wait for it; `Receiver.takingAtMost` ends that. Seven hostile trusted hosts together can use up what
                        there is for all, since each gets half of what those before it have left.
                        A flood takes processor time and network from whatever else the host does; a firewall is the answer to that.
                        """)
                .toString();
    }
}
