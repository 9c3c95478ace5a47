// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.testing.Samples;
import io.vmmig.transport.tls.CutLink.Fate;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An honest host whose connections are closed by one that strangers flood, before it can show who it is; or cannot be any more. */
@Timeout(60)
class CrowdedOutTest {
    private static final UUID PACKAGE = UUID.randomUUID();
    /** At the beginning, in the handshake and after it: these are bytes from and to the source. */
    private static final Fate[] CROWDED_OUT = {Fate.cutAfterUp(0), Fate.cutAfterDown(100), Fate.cutAfterUp(400)};

    @TempDir
    Path temp;

    private HostIdentity source;
    private HostIdentity destination;
    private TlsListener listener;
    private CutLink link;

    @BeforeEach
    void listen() throws Exception {
        source = HostIdentity.in(temp.resolve("source"));
        destination = HostIdentity.in(temp.resolve("destination"));
        listener = TlsListener.on("127.0.0.1", 0)
                .as(destination)
                .trusting(Set.of(source.fingerprint()))
                .introducing("destination", met -> {})
                .answering((packageId, asker) -> Outcome.TAKEN)
                .listen();
        link = new CutLink(listener.port());
    }

    @AfterEach
    void close() throws Exception {
        link.close();
        listener.close();
    }

    private TlsTransport over(int port) throws Exception {
        return TlsTransport.to("127.0.0.1", port).as(source).trusting(destination.fingerprint());
    }

    @Test
    void whatIsClosedBeforeItIsSecuredIsTriedAgain() throws Exception {
        link.next(CROWDED_OUT);
        over(link.port()).open().close();
        assertThat(link.ways).hasSize(4);

        link.next(CROWDED_OUT);
        assertThat(over(link.port()).outcomeOf(PACKAGE)).isEqualTo(Outcome.TAKEN);
        assertThat(link.ways).hasSize(8);

        link.next(CROWDED_OUT);
        Introduction.with("127.0.0.1", link.port()).as(source, "source").within(Duration.ofSeconds(10));
        assertThat(link.ways).hasSize(12);
    }

    @Test
    void itIsTriedUntilTheDeadlineOnly() throws Exception {
        Fate[] all = new Fate[1000];
        java.util.Arrays.fill(all, Fate.cutAfterUp(0));
        link.next(all);
        TlsTransport hasty = over(link.port()).connectTimeout(Duration.ofSeconds(5));
        assertThatThrownBy(hasty::open).satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
        assertThat(link.ways).hasSizeGreaterThan(1);
    }

    /** Strangers come from the very address of the honest host, and more of them than are borne at once. */
    @Test
    void whoHasShownWhoItIsIsNotCrowdedOut() throws Exception {
        List<Socket> strangers = new ArrayList<>();
        try (RawPeer known = RawPeer.connect(listener.port(), source, destination.fingerprint())) {
            // The server's preamble comes once it knows who this is.
            known.in.readFully(new byte[7]);
            for (int i = 0; i < 300; i++) {
                strangers.add(new Socket("127.0.0.1", listener.port()));
            }
            // The last ones have come once the first have gone.
            long gone = 0;
            while (gone < 200) {
                gone = 0;
                for (Socket stranger : strangers) {
                    stranger.setSoTimeout(1);
                    gone += isGone(stranger) ? 1 : 0;
                }
            }
            known.out.write(new byte[] {'v', 'm', 'm', 'i', 'g', 0, RawPeer.VERSION});
            known.send(RawPeer.HELLO).offer();
            try (IncomingSession session = listener.accept(Duration.ofSeconds(10))) {
                assertThat(session.offer()).isEqualTo(Samples.offer());
            }
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
        }
    }

    private static boolean isGone(Socket stranger) throws Exception {
        try {
            return stranger.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (java.io.IOException e) {
            return true;
        }
    }
}
