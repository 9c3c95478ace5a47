// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trusted peers that have gone mad: whatever they send, each call returns or throws what it says it throws. */
@Timeout(120)
class WireFuzzTest {
    private static final int ROUNDS = 30;

    @TempDir
    Path temp;

    @Test
    void aDestinationNeverBelievesNoise() throws Exception {
        Random random = new Random(42);
        try (TlsPair pair = TlsPair.hasty(temp)) {
            for (int i = 0; i < ROUNDS; i++) {
                long seed = random.nextLong();
                Background<Void> source = Background.run(() -> {
                    try (RawPeer peer =
                            RawPeer.connect(pair.listener.port(), pair.source, pair.destination.fingerprint())) {
                        rave(peer, new Random(seed), RawPeer.COMMIT);
                    }
                    return null;
                });
                try (IncomingSession session = pair.accept()) {
                    session.offer();
                    session.accept(new Acceptance(Set.of()));
                    session.ready();
                    session.packageStream().readAllBytes();
                    fail("seed " + seed + ": noise was taken for a package");
                } catch (VmmigException | IOException e) {
                    assertThat(e.getMessage()).isNotBlank();
                }
                source.get();
            }
        }
    }

    @Test
    void aSourceNeverBelievesNoise() throws Exception {
        Random random = new Random(43);
        HostIdentity self = HostIdentity.in(temp.resolve("source"));
        HostIdentity other = HostIdentity.in(temp.resolve("destination"));
        try (ServerSocket server = RawPeer.listen()) {
            TlsTransport transport = TlsTransport.to("127.0.0.1", server.getLocalPort())
                    .as(self)
                    .trusting(other.fingerprint())
                    .idleTimeout(Duration.ofMillis(400));
            for (int i = 0; i < ROUNDS; i++) {
                long seed = random.nextLong();
                Background<Void> destination = Background.run(() -> {
                    try (RawPeer peer = RawPeer.accept(server, other, self.fingerprint())) {
                        rave(peer, new Random(seed), RawPeer.RESUMED);
                    }
                    return null;
                });
                try (OutgoingSession session = transport.open()) {
                    session.offer(Samples.offer());
                    session.awaitReady();
                    session.finish();
                    fail("seed " + seed + ": noise was taken for a restored guest");
                } catch (VmmigException e) {
                    assertThat(e.getMessage()).isNotBlank();
                }
                destination.get();
            }
        }
    }

    /** Pure noise, or frames with noise in them; never the one message that would make sense. */
    private static void rave(RawPeer peer, Random random, int last) {
        try {
            if (random.nextInt(4) == 0) {
                peer.preamble(RawPeer.VERSION);
            } else {
                peer.greet();
            }
            for (int i = random.nextInt(6); i >= 0; i--) {
                byte[] noise = new byte[random.nextInt(3) == 0 ? random.nextInt(70_000) : random.nextInt(200)];
                random.nextBytes(noise);
                if (random.nextBoolean()) {
                    peer.send(1 + random.nextInt(last + 2), noise);
                } else {
                    peer.out.write(noise);
                    peer.out.flush();
                }
            }
        } catch (IOException e) {
            // Cut off, as it should be.
        }
    }
}
