// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.OtherProcess;
import io.vmmig.transport.testing.Samples;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS 1.3 renews its keys after 128 GiB; here after 1 MiB, which a JVM is told when it starts. */
@Timeout(60)
class KeyRenewalTest {
    @TempDir
    Path temp;

    @Test
    void keysAreRenewedWhileTheOtherSideTalksToo() throws Exception {
        Path settings = temp.resolve("java.security");
        Files.writeString(settings, "jdk.tls.keyLimits=AES/GCM/NoPadding KeyUpdate 2^20\n");

        String output = OtherProcess.run(Mover.class, temp.toString(), "-Djava.security.properties=" + settings);

        assertThat(output).isEqualTo("moved " + Mover.BYTES);
    }

    /** Moves a package, with heartbeats in both directions all the time. */
    static final class Mover {
        static final int BYTES = 200 << 20;

        public static void main(String[] args) throws Exception {
            try (TlsPair pair = TlsPair.noticingSilenceOf(Duration.ofSeconds(3), Path.of(args[0]))) {
                Background<Long> destination = Background.run(() -> {
                    try (IncomingSession session = pair.accept()) {
                        session.offer();
                        session.accept(new Acceptance(Set.of()));
                        session.ready();
                        long bytes = 0;
                        byte[] buffer = new byte[64 << 10];
                        for (int n = 0; n >= 0; n = session.packageStream().read(buffer)) {
                            bytes += n;
                        }
                        session.restored();
                        session.awaitCommit();
                        session.resumed();
                        return bytes;
                    }
                });
                try (OutgoingSession session = pair.open()) {
                    session.offer(Samples.offer());
                    byte[] block = new byte[1 << 20];
                    for (int left = BYTES; left > 0; left -= block.length) {
                        session.packageStream().write(block);
                    }
                    session.awaitReady();
                    session.finish();
                    session.commit();
                }
                System.out.print("moved " + destination.get());
            }
        }
    }
}
