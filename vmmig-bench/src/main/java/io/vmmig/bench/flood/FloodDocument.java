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

                Written by `./flood` (no root, no guests, a few minutes). A listener with its receiver runs in a program of its own with a heap
                of 256 MiB (`-Xmx256m`). Strangers and trusted hosts attack it, one attack after the other, while honest hosts move guests to
                it. The guests are in memory, 2 MiB each; the connections are TLS on one machine. A short form is among the unit tests.

                - Strangers: %d connections a second. Nine of ten send nothing; one of ten presents a certificate that nobody trusts. The honest
                  hosts are behind a link of %d ms in each direction, and all start at once.
                - Trusted hosts: %d of them, all hostile, send heartbeats every second. The listener waits %d s for what a source owes (its offer,
                  64 KiB of the package, its answer); the default is five minutes.

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

                        What remains: a trusted host that makes valid offers, and then sends just fast enough or does not begin to send for up to an
                        hour, holds a permit for each of its migrations, as a slow but honest source would, and others wait for it;
                        `Receiver.migrationTimeout` ends that. Seven hostile trusted hosts together can use up all sessions, since each gets half of what
                        those before it have left. A flood takes processor time and network from everything else on the host; use a firewall against
                        that.
                        """)
                .toString();
    }
}
