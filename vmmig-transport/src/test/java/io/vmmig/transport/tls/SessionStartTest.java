// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.TrustedNodes;
import io.vmmig.transport.testing.Await;
import io.vmmig.transport.wire.PeerQuota;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A program whose list of trusted hosts fails when the handshake is over. */
@Tag("once")
@Timeout(30)
class SessionStartTest {
    @TempDir
    Path temp;

    private static boolean trusts(Fingerprint any) {
        if (StackWalker.getInstance().walk(frames -> frames.anyMatch(SessionStartTest::isOfMonitor))) {
            throw new IllegalStateException("the list cannot be read");
        }
        return true;
    }

    private static boolean isOfMonitor(StackWalker.StackFrame frame) {
        return frame.getClassName().equals(RevocationMonitor.class.getName());
    }

    @Test
    void oneThatFailsLeavesItsPlaceAndItsConnection() throws Exception {
        HostIdentity source = HostIdentity.in(temp.resolve("source"));
        HostIdentity destination = HostIdentity.in(temp.resolve("destination"));
        TrustedNodes nodes = SessionStartTest::trusts;
        try (TlsListener listener =
                TlsListener.on("127.0.0.1", 0).as(destination).trusting(nodes).listen()) {
            try (RawPeer peer = RawPeer.connect(listener.port(), source, destination.fingerprint())) {
                peer.preamble(RawPeer.VERSION).in.readAllBytes();
            }
            int all = allPlaces(source.fingerprint());
            Await.until("all places are free", () -> listener.places.tryTake(source.fingerprint(), all));
        }
    }

    /** Nobody gets as many at once while one is taken. */
    private static int allPlaces(Fingerprint one) {
        int places = 1 << 12;
        while (!PeerQuota.ofSessions(Runtime.getRuntime().maxMemory()).tryTake(one, places)) {
            places--;
        }
        return places;
    }
}
