// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.crypto.Acquaintance;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What strangers may send for a card: it is one as it was made, or an exception that was announced. */
class CardsFuzzTest {
    private static final int ROUNDS = 20_000;

    @TempDir
    Path temp;

    @Test
    void onlyWholeCardsComeThrough() throws Exception {
        NodeCard card = HostIdentity.in(temp).card("host-a");
        Bytes sent = new Bytes(new byte[0]);
        byte[] challenge = new Acquaintance.Challenge().shown();
        Cards.show(sent, new Cards.Shown(card, challenge, new byte[Acquaintance.PROOF_BYTES]));
        byte[] whole = sent.written.toByteArray();
        assertThat(Cards.see(new Bytes(whole)).card()).isEqualTo(card);
        assertThat(Cards.see(new Bytes(whole)).challenge()).isEqualTo(challenge);

        Random random = new Random(44);
        int refused = 0;
        for (int i = 0; i < ROUNDS; i++) {
            byte[] bytes = mutated(whole, random);
            try {
                // White space around a card, or something that only a newer vmmig knows, does not make it another.
                Cards.Shown shown = Cards.see(new Bytes(bytes));
                assertThat(shown.card()).as("round " + i).isEqualTo(card);
                assertThat(shown.challenge()).hasSize(Acquaintance.CHALLENGE_BYTES);
            } catch (VmmigException | IOException | PeerAbortedException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(ROUNDS * 8 / 10, ROUNDS);
    }

    private static byte[] mutated(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        switch (random.nextInt(4)) {
            case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> random.nextBytes(bytes);
            case 2 -> {
                // With a header that is right.
                byte[] noise = new byte[bytes.length - 5];
                random.nextBytes(noise);
                System.arraycopy(noise, 0, bytes, 5, noise.length);
            }
            default -> {
                for (int i = random.nextInt(4); i >= 0; i--) {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
                }
            }
        }
        return bytes;
    }

    /** A connection on which all has been said. */
    private static final class Bytes implements Connection {
        private final InputStream input;
        private final ByteArrayOutputStream written = new ByteArrayOutputStream();

        private Bytes(byte[] input) {
            this.input = new ByteArrayInputStream(input);
        }

        @Override
        public InputStream input() {
            return input;
        }

        @Override
        public OutputStream output() {
            return written;
        }

        @Override
        public void readTimeout(Duration timeout) {}

        @Override
        public void endOutput() {}

        @Override
        public void cut() {}

        @Override
        public boolean isCut() {
            return false;
        }
    }
}
