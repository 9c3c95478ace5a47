// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.content.Digest;
import io.vmmig.crypto.age.PayloadCipher;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The public test vectors for age (C2SP's CCTV); {@code README.md} beside them says which outcomes differ, and why. */
class AgeVectorsTest {
    private static final Set<Problem> BAD_HEADER = Set.of(Problem.SEAL_MALFORMED, Problem.SEAL_TRUNCATED);
    private static final Set<Problem> BAD_PAYLOAD =
            Set.of(Problem.SEAL_MALFORMED, Problem.SEAL_TRUNCATED, Problem.SEAL_BROKEN);

    /** Whose last chunk vmmig does not release, by the number of those before it: what follows shows that it is not sound. */
    private static final Map<String, Integer> LAST_CHUNK_WITHHELD = Map.of(
            "stream_no_final_full", 0,
            "stream_no_final_two_chunks_full", 1,
            "stream_trailing_garbage_long", 0,
            "stream_trailing_garbage_short", 0,
            "stream_two_final_chunks", 0,
            "stream_two_final_chunks_full", 0,
            "stream_two_final_chunks_second", 1);

    static List<Path> vectors() throws IOException, URISyntaxException {
        Path directory = Path.of(Objects.requireNonNull(AgeVectorsTest.class.getResource("cctv-age"))
                .toURI());
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> !file.endsWith("README.md")).sorted().toList();
        }
    }

    @Test
    void areAllHere() throws Exception {
        assertThat(vectors()).hasSize(143);
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void hasItsOutcome(Path file) throws Exception {
        Vector vector = Vector.parse(Files.readAllBytes(file));
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        @Nullable Problem problem = null;
        try {
            open(vector, payload);
        } catch (VmmigException e) {
            problem = e.problem();
        } catch (IOException e) {
            problem = ((VmmigException) Objects.requireNonNull(e.getCause())).problem();
        }
        if (vector.armored()) {
            assertThat(problem).isEqualTo(Problem.SEAL_MALFORMED);
            return;
        }
        if (vector.hybridAlone()) {
            assertThat(problem)
                    .isIn(
                            vector.expect().equals("header failure")
                                    ? Set.of(Problem.SEAL_NOT_FOR_US, Problem.SEAL_MALFORMED)
                                    : Set.of(Problem.SEAL_NOT_FOR_US));
            return;
        }
        switch (vector.expect()) {
            case "success" -> assertThat(problem).isNull();
            case "no match" -> assertThat(problem).isEqualTo(Problem.SEAL_NOT_FOR_US);
            case "HMAC failure" -> assertThat(problem).isEqualTo(Problem.SEAL_BROKEN);
            case "header failure" -> assertThat(problem).isIn(BAD_HEADER);
            case "payload failure" -> assertThat(problem).isIn(BAD_PAYLOAD);
            default -> throw new AssertionError(vector.expect());
        }
        List<String> digests = vector.values("payload");
        Integer released = LAST_CHUNK_WITHHELD.get(file.getFileName().toString());
        if (digests.isEmpty() || released != null) {
            assertThat(payload.size()).isEqualTo(released == null ? 0 : released * PayloadCipher.PLAIN_BYTES);
        } else {
            assertThat(Digest.of(payload.toByteArray()).hex()).isEqualTo(digests.get(0));
        }
    }

    /** With each passphrase there is, or with the keys; all that came before a failure is in {@code payload}. */
    private static void open(Vector vector, ByteArrayOutputStream payload) throws IOException, VmmigException {
        List<AgeIdentity> identities =
                vector.x25519().stream().map(AgeIdentity::read).toList();
        List<String> passphrases = vector.values("passphrase");
        InputStream sealed = new ByteArrayInputStream(vector.file());
        InputStream opened;
        if (!identities.isEmpty()) {
            opened = AgeSealing.open(sealed, identities);
        } else if (!passphrases.isEmpty()) {
            opened = AgeSealing.open(sealed, passphrases.get(0).toCharArray());
        } else {
            opened = AgeSealing.open(sealed, List.of(AgeIdentity.generate()));
        }
        byte[] some = new byte[1000];
        for (int n = opened.read(some); n >= 0; n = opened.read(some)) {
            payload.write(some, 0, n);
        }
    }

    private record Vector(List<String> head, byte[] file) {
        static Vector parse(byte[] bytes) throws IOException {
            List<String> head = new ArrayList<>();
            int at = 0;
            while (bytes[at] != '\n') {
                int end = at;
                while (bytes[end] != '\n') {
                    end++;
                }
                head.add(new String(bytes, at, end - at, StandardCharsets.UTF_8));
                at = end + 1;
            }
            byte[] file = Arrays.copyOfRange(bytes, at + 1, bytes.length);
            Vector vector = new Vector(head, file);
            if (vector.values("compressed").isEmpty()) {
                return vector;
            }
            assertThat(vector.values("compressed")).containsExactly("zlib");
            return new Vector(head, new InflaterInputStream(new ByteArrayInputStream(file)).readAllBytes());
        }

        List<String> values(String key) {
            String prefix = key + ": ";
            return head.stream()
                    .filter(line -> line.startsWith(prefix))
                    .map(line -> line.substring(prefix.length()))
                    .toList();
        }

        String expect() {
            return values("expect").get(0);
        }

        boolean armored() {
            return !values("armored").isEmpty();
        }

        List<String> x25519() {
            return values("identity").stream()
                    .filter(identity -> !identity.startsWith("AGE-SECRET-KEY-PQ-"))
                    .toList();
        }

        boolean hybridAlone() {
            return !values("identity").isEmpty() && x25519().isEmpty();
        }
    }
}
