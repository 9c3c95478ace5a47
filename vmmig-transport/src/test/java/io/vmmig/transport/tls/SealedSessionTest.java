// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.AgeSealing;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeKeys;
import io.vmmig.crypto.SealingOutputStream;
import io.vmmig.error.Problem;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Packages that are sealed on top of TLS. */
@Timeout(60)
class SealedSessionTest {
    private static final Acceptance YES = new Acceptance(Set.of());
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    Path temp;

    private final byte[] bytes = new byte[3_000_000];
    private HostIdentity a;
    private HostIdentity b;
    private TlsListener listener;
    private TlsTransport plain;

    @BeforeEach
    void listen() throws Exception {
        new Random(1).nextBytes(bytes);
        a = HostIdentity.in(temp.resolve("a"));
        b = HostIdentity.in(temp.resolve("b"));
        listener = TlsListener.on("127.0.0.1", 0)
                .as(b)
                .trusting(Set.of(a.fingerprint()))
                .listen();
        plain = TlsTransport.to("127.0.0.1", listener.port()).as(a).trusting(b.fingerprint());
    }

    @AfterEach
    void close() {
        listener.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000, 64 << 10, (64 << 10) + 1, 200_000})
    void comesThroughWhole(int boot) throws Exception {
        try (OutgoingSession source = plain.sealing().idleTimeout(SOON).open();
                IncomingSession destination = listener.accept(SOON)) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                OutputStream out = source.packageStream();
                out.write(bytes, 0, boot);
                source.awaitReady();
                out.write(bytes, boot, bytes.length - boot);
                out.flush();
                source.finish();
                source.commit();
                return null;
            });
            destination.offer();
            destination.accept(YES);
            // All of that comes through before the source may send any more.
            byte[] come = new byte[bytes.length];
            InputStream in = destination.packageStream();
            assertThat(in.readNBytes(come, 0, boot)).isEqualTo(boot);
            destination.ready();
            assertThat(in.readNBytes(come, boot, bytes.length - boot)).isEqualTo(bytes.length - boot);
            assertThat(in.read()).isEqualTo(-1);
            assertThat(come).isEqualTo(bytes);
            destination.restored();
            destination.awaitCommit();
            destination.resumed();
            sending.get();
        }
    }

    /** Each is sealed for itself, and may be empty. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 64 << 10, 200_000})
    void baselinesComeThroughWhole(int length) throws Exception {
        Offer sample = Samples.offer();
        Offer baseline = new Offer(sample.manifest().asBaseline(), sample.domainXml());
        try (OutgoingSession source = plain.sealing().idleTimeout(SOON).open();
                IncomingSession destination = listener.accept(SOON)) {
            Background<Void> sending = Background.run(() -> {
                for (int i = 0; i < 2; i++) {
                    source.offer(baseline);
                    source.packageStream().write(bytes, i, length);
                    source.awaitReady();
                }
                source.offer(sample);
                source.packageStream().write(bytes, 2, length);
                source.awaitReady();
                source.finish();
                source.commit();
                return null;
            });
            for (int i = 0; i < 2; i++) {
                assertThat(destination.offer().manifest().baseline()).isTrue();
                destination.accept(YES);
                assertThat(destination.packageStream().readAllBytes())
                        .isEqualTo(Arrays.copyOfRange(bytes, i, i + length));
                destination.ready();
            }
            assertThat(destination.offer()).isEqualTo(sample);
            destination.accept(YES);
            destination.ready();
            assertThat(destination.packageStream().readAllBytes()).isEqualTo(Arrays.copyOfRange(bytes, 2, 2 + length));
            destination.restored();
            destination.awaitCommit();
            destination.resumed();
            sending.get();
        }
    }

    @Test
    void whatIsSealedForAnotherHostIsRefused() throws Exception {
        NodeKeys another = HostIdentity.in(temp.resolve("c")).keys();
        try (OutgoingSession source = plain.open();
                IncomingSession destination = listener.accept(SOON)) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                try (SealingOutputStream sealed = AgeSealing.seal(source.packageStream(), List.of(another.sealing()))) {
                    sealed.write(bytes, 0, 100_000);
                    sealed.finish();
                }
                source.packageStream().flush();
                return null;
            });
            destination.offer();
            destination.accept(YES);
            destination.ready();
            assertThatThrownBy(() -> destination.packageStream().read())
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.SEAL_NOT_FOR_US));
            sending.get();
        }
    }

    @Test
    void anEndThatWasNotMadeIsNone() throws Exception {
        try (OutgoingSession source = plain.open();
                IncomingSession destination = listener.accept(SOON)) {
            Background<Void> sending = Background.run(() -> {
                source.offer(Samples.offer());
                SealingOutputStream sealed =
                        AgeSealing.seal(source.packageStream(), List.of(b.keys().sealing()));
                sealed.write(bytes, 0, 100_000);
                sealed.flush();
                source.awaitReady();
                assertThatThrownBy(source::finish).isInstanceOf(io.vmmig.error.VmmigException.class);
                return null;
            });
            destination.offer();
            destination.accept(YES);
            destination.ready();
            assertThatThrownBy(() -> destination.packageStream().readAllBytes())
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.SEAL_TRUNCATED));
            destination.close();
            sending.get();
        }
    }
}
