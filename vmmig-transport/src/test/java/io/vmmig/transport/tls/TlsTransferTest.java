// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Digest;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Samples;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A whole transfer, as it goes when all goes well. */
@Timeout(60)
class TlsTransferTest {
    private static final long BYTES = 300L << 20;

    @TempDir
    Path temp;

    @Test
    void everyByteArrives() throws Exception {
        String held = "sha256:" + "a".repeat(64);
        try (TlsPair pair = TlsPair.in(temp)) {
            Background<Digest> destination = Background.run(() -> {
                try (IncomingSession session = pair.accept()) {
                    assertThat(session.offer()).isEqualTo(Samples.offer());
                    assertThat(session.live()).isTrue();
                    assertThat(session.description())
                            .contains("127.0.0.1")
                            .contains(pair.source.fingerprint().toString());
                    session.accept(new Acceptance(Set.of(held)));
                    Digest digest = digest(session.packageStream());
                    session.restored();
                    session.awaitCommit();
                    session.resumed();
                    return digest;
                }
            });
            MessageDigest sent = Digest.newSha256();
            try (OutgoingSession session = pair.open()) {
                assertThat(session.offer(Samples.offer()).held()).containsExactly(held);
                byte[] block = new byte[1 << 20];
                new Random(1).nextBytes(block);
                OutputStream out = session.packageStream();
                for (long left = BYTES; left > 0; left -= block.length) {
                    block[(int) (left % 4096)]++;
                    out.write(block);
                    sent.update(block);
                }
                out.flush();
                session.finish();
                session.commit();
            }
            assertThat(destination.get()).isEqualTo(Digest.of(sent));
        }
    }

    private static Digest digest(InputStream in) throws Exception {
        MessageDigest digest = Digest.newSha256();
        byte[] buffer = new byte[100_000];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            digest.update(buffer, 0, n);
        }
        return Digest.of(digest);
    }
}
