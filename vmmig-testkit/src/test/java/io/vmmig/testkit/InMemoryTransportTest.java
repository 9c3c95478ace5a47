// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Peer;
import java.time.Duration;

class InMemoryTransportTest extends PeerContract {
    private final InMemoryTransport transport = new InMemoryTransport();

    @Override
    protected Peer peer() {
        return transport;
    }

    @Override
    protected IncomingSession arrival() throws Exception {
        return transport.accept(Duration.ofSeconds(20));
    }
}
